"""The registers of the tests: units, customers and leases of a small house, and its ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine import definitions, identity, people, registers
from engine.database import Database
from engine.identity import SYSTEM

REGISTERS = """
[[register]]
key = "unit"
name_zh = "单元"
name_en = "Unit"
number = "code"
title = "{code}"
may_see = ["*"]
may_change = ["front_desk"]
  [[register.field]]
  key = "code"
  type = "text"
  name_zh = "房号"
  name_en = "Code"
  required = true
  [[register.field]]
  key = "area"
  type = "decimal"
  name_zh = "面积"
  name_en = "Area"
  least = 0
  most = 10000
  [[register.field]]
  key = "status"
  type = "choice"
  choices = [
    { value = "vacant", name_zh = "空置", name_en = "Vacant" },
    { value = "occupied", name_zh = "已入驻", name_en = "Occupied" },
  ]
  name_zh = "状态"
  name_en = "State"
  indexed = true

[[register]]
key = "customer"
name_zh = "客户"
name_en = "Customer"
number_series = "KH-{n:05}"
title = "{name}"
may_see = ["*"]
may_change = ["front_desk", "manager"]
may_see_restricted = ["front_desk"]
  [[register.field]]
  key = "name"
  type = "text"
  name_zh = "姓名"
  name_en = "Name"
  required = true
  indexed = true
  [[register.field]]
  key = "phone"
  type = "phone"
  name_zh = "电话"
  name_en = "Telephone"
  indexed = true
  [[register.field]]
  key = "key_customer"
  type = "boolean"
  name_zh = "重要业户"
  name_en = "Key customer"
  [[register.field]]
  key = "id_number"
  type = "text"
  name_zh = "证件号"
  name_en = "ID number"
  restricted = true

[[register]]
key = "lease"
name_zh = "租约"
name_en = "Lease"
number_series = "ZL-{n:05}"
may_see = ["front_desk"]
may_change = ["front_desk"]
  [[register.field]]
  key = "unit"
  type = "reference"
  reference = "unit"
  name_zh = "房号"
  name_en = "Unit"
  required = true
  [[register.field]]
  key = "customer"
  type = "reference"
  reference = "customer"
  name_zh = "承租人"
  name_en = "Tenant"
  required = true
  [[register.field]]
  key = "first_day"
  type = "date"
  name_zh = "起租日"
  name_en = "First day"
  required = true
  [[register.field]]
  key = "last_day"
  type = "date"
  name_zh = "到期日"
  name_en = "Last day"
  required = true
  [register.no_overlap]
  by = "unit"
  first = "first_day"
  last = "last_day"

[[register]]
key = "pass"
name_zh = "证件"
name_en = "Pass"
number = "code"
may_see = ["front_desk"]
may_change = ["front_desk"]
  [[register.field]]
  key = "code"
  type = "text"
  name_zh = "证件号"
  name_en = "Pass number"
  required = true
  [[register.field]]
  key = "holder"
  type = "text"
  name_zh = "持证人"
  name_en = "Holder"
  required = true
  [[register.field]]
  key = "valid_until"
  type = "date"
  name_zh = "有效期至"
  name_en = "Valid until"
  [register.verification]
  holder = "holder"
  last = "valid_until"

[ledger]
unit_register = "unit"
customer_register = "customer"
receipt_series = "SJ-{n:05}"
may_see = ["front_desk", "manager"]
may_correct = ["manager"]
  [[ledger.item]]
  key = "rent"
  name_zh = "租金"
  name_en = "Rent"
  [[ledger.item]]
  key = "key_deposit"
  name_zh = "钥匙押金"
  name_en = "Key deposit"
  deposit = true
"""

CUSTOMER = {"name": "王五", "phone": "13800138000", "key_customer": "true", "id_number": "44030119900101001X"}


def furnish(database: Database) -> None:
    """Deploy the registers; gus, who is in no group, may see none of them."""
    with database.unit_of_work() as uow:
        definitions.deploy(uow, {"registers.toml": REGISTERS.encode()}, by=SYSTEM, reason="for the tests")
        people.create_user(uow, "gus", "古斯", "a key in the drawer", [], by=SYSTEM)


def register(database: Database, key: str, values: Mapping[str, Any], by: str = "ada") -> str:
    """Add a record, as somebody; return its number."""
    with database.unit_of_work() as uow:
        user = identity.user(uow, by)
        assert user is not None
        return registers.add_by_hand(uow, key, values, user)
