"""Database tables."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: SQLite counts rows itself only for a plain INTEGER key.
Serial = BigInteger().with_variant(Integer, "sqlite")


class Instant(TypeDecorator[datetime]):
    """An aware instant; stored in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        instant = value.astimezone(UTC)
        return instant.replace(tzinfo=None) if dialect.name == "sqlite" else instant

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Yuan(TypeDecorator[Decimal]):
    """An exact amount in yuan with two decimals; stored as a whole number of fen."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        fen = value * 100
        if fen != fen.to_integral_value():
            raise ValueError("an amount has at most two decimals")
        return int(fen)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(int(value)).scaleb(-2)


# ---- people ----------------------------------------------------------------------------------------------

user_account = Table(
    "user_account",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),  # what they log in with
    Column("full_name", String(100), nullable=False),
    Column("password_hash", String(200), nullable=False),
    Column("email", String(200)),
    Column("language", String(5), nullable=False, default="zh"),
    Column("active", Boolean, nullable=False, default=True),
    Column("session_number", Integer, nullable=False, default=1),  # counting up ends every session
    Column("created_at", Instant, nullable=False),
    Column("seen_notification", BigInteger, nullable=False, default=0),  # the newest one they have looked at
)
#: Attempts to guess, of a name, an address or a browser; old rows go by themselves.
failed_attempts = Table(
    "failed_attempts",
    metadata,
    Column("key", String(80), primary_key=True),  # see throttle
    Column("number", Integer, nullable=False),
    Column("ends_at", Instant, nullable=False),  # then counting begins anew
    Index(None, "ends_at"),
)
#: The one who runs all this, named on papers; at most one row.
organisation = Table(
    "organisation",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # 1
    Column("name_zh", String(100), nullable=False),
    Column("name_en", String(100), nullable=False),
)
user_group = Table(
    "user_group",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("name_zh", String(100), nullable=False),
    Column("name_en", String(100), nullable=False),
    Column("side", String(20), nullable=False, default="property"),  # CON-33: property, developer, external
    Column("capabilities", Text, nullable=False, default="[]"),  # JSON list, see identity.Capability
)
membership = Table(
    "membership",
    metadata,
    Column("user_name", String(64), ForeignKey("user_account.name"), primary_key=True),
    Column("group_key", String(64), ForeignKey("user_group.key"), primary_key=True),
    Index(None, "group_key"),
)
substitution = Table(
    "substitution",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("user_name", String(64), ForeignKey("user_account.name"), nullable=False),  # who is away
    Column("substitute_name", String(64), ForeignKey("user_account.name"), nullable=False),  # who stands in
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("named_by", String(64), nullable=False),
    Column("named_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Index(None, "substitute_name"),
)

# ---- what was deployed -----------------------------------------------------------------------------------

definition = Table(
    "definition",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("kind", String(10), nullable=False),  # process, decision, form, paper, registers
    Column("key", String(200), nullable=False),
    Column("version", Integer, nullable=False),
    Column("name_zh", String(300), nullable=False),
    Column("name_en", String(300), nullable=False),
    Column("file_name", String(200), nullable=False),
    Column("source", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("origin", String(10), nullable=False),  # file, page
    Column("reason", Text, nullable=False, default=""),
    Column("deployed_by", String(64), nullable=False),
    Column("deployed_at", Instant, nullable=False),
    UniqueConstraint("kind", "key", "version"),
)

#: What a process owner has uploaded, until it is deployed or a day has passed.
upload = Table(
    "upload",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_name", String(64), nullable=False),
    Column("archive", LargeBinary, nullable=False),  # the files, zipped
    Column("uploaded_at", Instant, nullable=False),
)

#: One row per thing that processes of this program keep in memory; the number grows when it changes.
edition = Table(
    "edition",
    metadata,
    Column("name", String(20), primary_key=True),  # definitions, calendar, people
    Column("number", Integer, nullable=False),
)

# ---- what runs -------------------------------------------------------------------------------------------

process_instance = Table(
    "process_instance",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("case_number", String(40), nullable=False, unique=True),
    Column("process_key", String(200), nullable=False),
    Column("definition_ids", Text, nullable=False),  # "12,15,17": the process, then those it calls
    Column("status", String(10), nullable=False),  # running, completed, cancelled, stopped
    Column("revision", Integer, nullable=False, default=0),
    Column("state", Text, nullable=False),  # as Execution wrote it: key order matters
    Column("title", String(300), nullable=False, default=""),
    Column("title_en", String(300), nullable=False, server_default=""),
    Column("customer", String(200), nullable=False, default=""),
    Column("unit", String(200), nullable=False, default=""),
    Column("search_text", Text, nullable=False, default=""),  # see instances.folded
    Column("performers", Text, nullable=False, default="{}"),  # JSON: element id -> who completed it
    Column("viewers", Text, nullable=False, default="[]"),  # JSON: what case_viewer holds, without a query
    Column("restricted", Text, nullable=False, default="[]"),  # JSON: variables not everybody may see
    Column("started_by", String(64)),
    Column("started_for", String(64)),  # whom a substitute stood in for
    Column("started_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),  # no index: then PostgreSQL changes the row in place
    Column("ended_at", Instant),
    Column("end_element_id", String(200)),
    Index(None, "process_key", "status"),
    Index(None, "started_at"),
    Index(None, "customer"),
    Index(None, "unit"),
)
#: Who may see a case: "u:USER" and "g:GROUP"; rows are only ever added.
case_viewer = Table(
    "case_viewer",
    metadata,
    Column("holder", String(70), primary_key=True),
    Column("instance_id", Serial, ForeignKey("process_instance.id"), primary_key=True),
)
user_task = Table(
    "user_task",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("instance_id", Serial, ForeignKey("process_instance.id"), nullable=False),
    Column("process_key", String(200), nullable=False),  # of the diagram that holds the element
    Column("definition_id", Serial, ForeignKey("definition.id"), nullable=False),
    Column("element_id", String(200), nullable=False),
    Column("name_zh", String(300), nullable=False),
    Column("name_en", String(300), nullable=False),
    Column("form_id", Serial, ForeignKey("definition.id")),  # the form as it was when the task opened
    Column("status", String(10), nullable=False),  # open, completed, cancelled
    Column("assignee", String(64)),
    Column("candidate_groups", Text, nullable=False, default="[]"),  # JSON list
    Column("candidate_users", Text, nullable=False, default="[]"),  # JSON list
    Column("excluded_users", Text, nullable=False, default="[]"),  # JSON list: who may not do it
    Column("restricted", Text, nullable=False, default="[]"),  # JSON: restricted variables its form shows
    Column("priority", Integer, nullable=False, default=50),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("follow_up_at", Instant),
    Column("completed_at", Instant),
    Column("completed_by", String(64)),
    Column("completed_for", String(64)),  # whom a substitute stood in for
    Column("submission", String(64)),  # SHA-256 of what was submitted
    Column("drafts", Text, nullable=False, default="{}"),  # JSON: user -> what they typed so far
    Index(None, "instance_id", "status"),
)
#: Open tasks only, one row per holder: "g:GROUP" and "u:USER" who may claim it, "a:USER" who has.
inbox = Table(
    "inbox",
    metadata,
    Column("holder", String(70), primary_key=True),
    Column("due_at", Instant, primary_key=True),  # tables.NEVER where there is no due time
    Column("task_id", Uuid, ForeignKey("user_task.id"), primary_key=True),
    Column("instance_id", Serial, nullable=False),
    Column("process_key", String(200), nullable=False),  # of the case
    Column("excluded", Text, nullable=False, default=""),  # "|ada|bob|": excluded_users once more
    Index(None, "task_id"),
    Index(None, "instance_id"),
)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)

#: Half-filled start forms; those of tasks are kept with their task, and go with it.
start_draft = Table(
    "start_draft",
    metadata,
    Column("process_key", String(200), primary_key=True),
    Column("user_name", String(64), primary_key=True),
    Column("submitted", Text, nullable=False),  # JSON, as typed
    Column("saved_at", Instant, nullable=False),
)
timer = Table(
    "timer",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("instance_id", Serial, ForeignKey("process_instance.id"), nullable=False),
    Column("token_id", String(80), nullable=False),  # Execution's name for it
    Column("element_id", String(200), nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("failed_at", Instant),  # an incident waits; not tried again by itself
    UniqueConstraint("instance_id", "token_id"),
    Index(None, "due_at", "id"),  # so that many due at the same time need no sorting
)
message_wait = Table(
    "message_wait",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("instance_id", Serial, ForeignKey("process_instance.id"), nullable=False),
    Column("kind", String(10), nullable=False),  # message, signal
    Column("name", String(200), nullable=False),
    Column("element_id", String(200), nullable=False),
    Column("correlation_key", String(200), nullable=False, default=""),
    Index(None, "kind", "name", "correlation_key"),
    Index(None, "instance_id"),
)
incident = Table(
    "incident",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("instance_id", Serial, ForeignKey("process_instance.id"), nullable=False),
    Column("token_id", String(80), nullable=False),
    Column("element_id", String(200), nullable=False),
    Column("message_zh", Text, nullable=False),
    Column("message_en", Text, nullable=False),
    Column("raised_at", Instant, nullable=False),
    Column("resolved_at", Instant),
    Column("resolved_by", String(64)),
    Index(None, "instance_id"),
)
#: Values that a diagram asks to be found by (property "searchable"), and that services add up.
case_value = Table(
    "case_value",
    metadata,
    Column("instance_id", Serial, ForeignKey("process_instance.id"), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("value", String(500), nullable=False),
    Column("changed_at", Instant, nullable=False),
    Index(None, "name", "value"),
)
case_number = Table(
    "case_number",
    metadata,
    Column("series", String(40), primary_key=True),  # "TS-20261122"
    Column("last", Integer, nullable=False),
)

# ---- what happened ---------------------------------------------------------------------------------------

history = Table(  # triggers refuse UPDATE and DELETE
    "history",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("instance_id", Serial, ForeignKey("process_instance.id")),
    Column("at", Instant, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("element_id", String(200)),
    Column("task_id", Uuid),
    Column("user_name", String(64)),
    Column("for_user", String(64)),
    Column("definition_id", Serial),
    Column("record_id", Serial, ForeignKey("record.id")),  # what was added or changed in a register
    Column("detail", Text, nullable=False, default="{}"),  # JSON
    Index(None, "instance_id", "id"),
    Index(
        "ix_history_record_id_id",
        "record_id",
        "id",
        postgresql_where=text("record_id IS NOT NULL"),
        sqlite_where=text("record_id IS NOT NULL"),
    ),
)
comment = Table(
    "comment",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("instance_id", Serial, ForeignKey("process_instance.id"), nullable=False),
    Column("task_id", Uuid),
    Column("user_name", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("text", Text, nullable=False),
    Index(None, "instance_id"),
)
attachment = Table(
    "attachment",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("file_name", String(200), nullable=False),
    Column("content_type", String(100), nullable=False),
    Column("size", Integer, nullable=False),  # bytes
    Column("uploaded_by", String(64), nullable=False),
    Column("uploaded_at", Instant, nullable=False),
    Column("instance_id", Serial, ForeignKey("process_instance.id")),  # empty until its form is submitted
    Column("variable", String(200)),
    Index(None, "instance_id"),
)

# ---- what goes out ---------------------------------------------------------------------------------------

notification = Table(
    "notification",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("instance_id", Serial, ForeignKey("process_instance.id"), nullable=False),
    Column("task_id", Uuid),
    Column("recipient", String(70), nullable=False),  # "g:GROUP" or "u:USER"
    Column("text_zh", Text, nullable=False),
    Column("text_en", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("attempts", Integer, nullable=False, default=0),
    Column("try_after", Instant),  # when a failed mail is tried again
    Column("error", Text),
    Column("mailed_to", Text, nullable=False, server_default="[]"),  # JSON: addresses that have it
    Index(None, "recipient", "id"),
    Index(None, "instance_id"),
    Index(
        "ix_notification_unsent",
        "id",
        postgresql_where=text("sent_at IS NULL"),
        sqlite_where=text("sent_at IS NULL"),
    ),
)

# ---- registers -------------------------------------------------------------------------------------------

record = Table(
    "record",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("register", String(64), nullable=False),  # its key in registers.toml
    Column("number", String(100), nullable=False),
    Column("title", String(300), nullable=False),
    Column("data", Text, nullable=False),  # JSON: field -> typed value
    Column("search_text", Text, nullable=False),  # lower case; nothing restricted
    Column("revision", Integer, nullable=False, default=1),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    UniqueConstraint("register", "number"),
)
#: What records are found by: the number, references and indexed fields, as registers.found_by writes them.
record_value = Table(
    "record_value",
    metadata,
    Column("record_id", Serial, ForeignKey("record.id"), primary_key=True),
    Column("field", String(64), primary_key=True),
    Column("register", String(64), nullable=False),
    Column("value", String(200), nullable=False),
    Index(None, "register", "field", "value"),
)

# ---- money -----------------------------------------------------------------------------------------------

ledger_entry = Table(  # triggers refuse UPDATE and DELETE
    "ledger_entry",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("posting", Uuid, nullable=False),  # the lines that were written together
    Column("at", Instant, nullable=False),
    Column("day", Date, nullable=False),  # of the centre's calendar
    Column("unit", String(100), nullable=False),
    Column("customer", String(100), nullable=False),
    Column("account", String(10), nullable=False),  # receivable, deposit
    Column("item", String(64), nullable=False),
    Column("period", String(40), nullable=False, default=""),
    Column("kind", String(20), nullable=False),  # see ledger.EntryKind
    Column("amount", Yuan, nullable=False),  # + raises what the customer owes, or what we hold
    Column("receipt_number", String(40), nullable=False, default=""),
    Column("method", String(64)),  # how it was paid: a key of registers.toml
    Column("instance_id", Serial, ForeignKey("process_instance.id")),
    Column("user_name", String(64)),  # empty: a timer
    Column("corrects_id", Serial, ForeignKey("ledger_entry.id"), unique=True),
    Column("note", Text, nullable=False, default=""),
    Index(None, "unit", "id"),
    Index(None, "customer", "id"),
    Index(None, "unit", "item", "period"),
    Index(None, "posting"),
)
#: What happens once only: a charge of a period, a receipt's number, a reference. Triggers refuse changes.
ledger_once = Table(
    "ledger_once",
    metadata,
    Column("key", String(250), primary_key=True),
    Column("fingerprint", String(64), nullable=False),  # SHA-256 of what was asked for
    Column("posting", Uuid, nullable=False),
)
#: The sums of ledger_entry, kept in the same transaction.
ledger_balance = Table(
    "ledger_balance",
    metadata,
    Column("unit", String(100), primary_key=True),
    Column("customer", String(100), primary_key=True),
    Column("account", String(10), primary_key=True),
    Column("item", String(64), primary_key=True),
    Column("amount", Yuan, nullable=False),
    Index(None, "customer"),
)

# ---- papers ----------------------------------------------------------------------------------------------

paper = Table(  # triggers refuse UPDATE and DELETE
    "paper",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("number", String(100), nullable=False, unique=True),
    Column("definition_id", Serial, ForeignKey("definition.id"), nullable=False),  # the template's version
    Column("instance_id", Serial, ForeignKey("process_instance.id")),
    Column("token", String(40), nullable=False, unique=True),  # whoever scans the code has it
    Column("record_id", Serial, ForeignKey("record.id")),  # the pass that it shows
    Column("html", Text, nullable=False),  # as it was issued
    Column("sha256", String(64), nullable=False),
    Column("facts", Text),  # JSON: what its code tells; nothing where the template declares nothing
    Column("issued_at", Instant, nullable=False),
    Column("issued_by", String(64)),
    Index(None, "instance_id"),
    Index(None, "record_id"),
)

# ---- the calendar ----------------------------------------------------------------------------------------

calendar_day = Table(
    "calendar_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("is_working", Boolean, nullable=False),
    Column("note", String(200), nullable=False, default=""),
    Column("entered_by", String(64), nullable=False),
    Column("entered_at", Instant, nullable=False),
)
calendar_year = Table(
    "calendar_year",
    metadata,
    Column("year", Integer, primary_key=True),  # whose official notice was entered
    Column("entered_by", String(64), nullable=False),
    Column("entered_at", Instant, nullable=False),
)
