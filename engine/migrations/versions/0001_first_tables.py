"""The first tables."""

import sqlalchemy as sa
from alembic import op

from engine.tables import Instant, Yuan

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

#: SQLite counts rows itself only for a plain INTEGER key.
Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ONLY_ADDED = ("history", "ledger_entry", "ledger_once", "paper")


def upgrade() -> None:
    op.create_table(
        "calendar_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("is_working", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("entered_by", sa.String(length=64), nullable=False),
        sa.Column("entered_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_day")),
    )
    op.create_table(
        "calendar_year",
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("entered_by", sa.String(length=64), nullable=False),
        sa.Column("entered_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_year")),
    )
    op.create_table(
        "case_number",
        sa.Column("series", sa.String(length=40), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series", name=op.f("pk_case_number")),
    )
    op.create_table(
        "definition",
        sa.Column("id", Serial, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name_zh", sa.String(length=300), nullable=False),
        sa.Column("name_en", sa.String(length=300), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("deployed_by", sa.String(length=64), nullable=False),
        sa.Column("deployed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_definition")),
        sa.UniqueConstraint("kind", "key", "version", name=op.f("uq_definition_kind_key_version")),
    )
    op.create_table(
        "edition",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_edition")),
    )
    op.create_table(
        "process_instance",
        sa.Column("id", Serial, nullable=False),
        sa.Column("case_number", sa.String(length=40), nullable=False),
        sa.Column("process_key", sa.String(length=200), nullable=False),
        sa.Column("definition_ids", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("customer", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=200), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("performers", sa.Text(), nullable=False),
        sa.Column("viewers", sa.Text(), nullable=False),
        sa.Column("restricted", sa.Text(), nullable=False),
        sa.Column("started_by", sa.String(length=64), nullable=True),
        sa.Column("started_for", sa.String(length=64), nullable=True),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("end_element_id", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_instance")),
        sa.UniqueConstraint("case_number", name=op.f("uq_process_instance_case_number")),
    )
    op.create_index(op.f("ix_process_instance_changed_at"), "process_instance", ["changed_at"], unique=False)
    op.create_index(op.f("ix_process_instance_customer"), "process_instance", ["customer"], unique=False)
    op.create_index(
        op.f("ix_process_instance_process_key_status"),
        "process_instance",
        ["process_key", "status"],
        unique=False,
    )
    op.create_index(op.f("ix_process_instance_started_at"), "process_instance", ["started_at"], unique=False)
    op.create_index(op.f("ix_process_instance_unit"), "process_instance", ["unit"], unique=False)
    op.create_table(
        "ledger_balance",
        sa.Column("unit", sa.String(length=100), nullable=False),
        sa.Column("customer", sa.String(length=100), nullable=False),
        sa.Column("account", sa.String(length=10), nullable=False),
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.Column("amount", Yuan(), nullable=False),
        sa.PrimaryKeyConstraint("unit", "customer", "account", "item", name=op.f("pk_ledger_balance")),
    )
    op.create_index(op.f("ix_ledger_balance_customer"), "ledger_balance", ["customer"], unique=False)
    op.create_table(
        "ledger_once",
        sa.Column("key", sa.String(length=250), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("posting", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_ledger_once")),
    )
    op.create_table(
        "record",
        sa.Column("id", Serial, nullable=False),
        sa.Column("register", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record")),
        sa.UniqueConstraint("register", "number", name=op.f("uq_record_register_number")),
    )
    op.create_table(
        "record_value",
        sa.Column("record_id", Serial, nullable=False),
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("register", sa.String(length=64), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_record_value_record_id")),
        sa.PrimaryKeyConstraint("record_id", "field", name=op.f("pk_record_value")),
    )
    op.create_index(
        op.f("ix_record_value_register_field_value"),
        "record_value",
        ["register", "field", "value"],
        unique=False,
    )
    op.create_table(
        "start_draft",
        sa.Column("process_key", sa.String(length=200), nullable=False),
        sa.Column("user_name", sa.String(length=64), nullable=False),
        sa.Column("submitted", sa.Text(), nullable=False),
        sa.Column("saved_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("process_key", "user_name", name=op.f("pk_start_draft")),
    )
    op.create_table(
        "upload",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_name", sa.String(length=64), nullable=False),
        sa.Column("archive", sa.LargeBinary(), nullable=False),
        sa.Column("uploaded_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
    )
    op.create_table(
        "user_account",
        sa.Column("id", Serial, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("full_name", sa.String(length=100), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=True),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("session_number", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("seen_notification", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("name", name=op.f("uq_user_account_name")),
    )
    op.create_table(
        "organisation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
    )
    op.create_table(
        "user_group",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("name_zh", sa.String(length=100), nullable=False),
        sa.Column("name_en", sa.String(length=100), nullable=False),
        sa.Column("side", sa.String(length=20), nullable=False),
        sa.Column("capabilities", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_user_group")),
    )
    op.create_table(
        "attachment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("content_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("uploaded_by", sa.String(length=64), nullable=False),
        sa.Column("uploaded_at", Instant(), nullable=False),
        sa.Column("instance_id", Serial, nullable=True),
        sa.Column("variable", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_attachment_instance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    op.create_index(op.f("ix_attachment_instance_id"), "attachment", ["instance_id"], unique=False)
    op.create_table(
        "case_value",
        sa.Column("instance_id", Serial, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("value", sa.String(length=500), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_case_value_instance_id")
        ),
        sa.PrimaryKeyConstraint("instance_id", "name", name=op.f("pk_case_value")),
    )
    op.create_index(op.f("ix_case_value_name_value"), "case_value", ["name", "value"], unique=False)
    op.create_table(
        "case_viewer",
        sa.Column("holder", sa.String(length=70), nullable=False),
        sa.Column("instance_id", Serial, nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_case_viewer_instance_id")
        ),
        sa.PrimaryKeyConstraint("holder", "instance_id", name=op.f("pk_case_viewer")),
    )
    op.create_table(
        "comment",
        sa.Column("id", Serial, nullable=False),
        sa.Column("instance_id", Serial, nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("user_name", sa.String(length=64), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_comment_instance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment")),
    )
    op.create_index(op.f("ix_comment_instance_id"), "comment", ["instance_id"], unique=False)
    op.create_table(
        "history",
        sa.Column("id", Serial, nullable=False),
        sa.Column("instance_id", Serial, nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("element_id", sa.String(length=200), nullable=True),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("user_name", sa.String(length=64), nullable=True),
        sa.Column("for_user", sa.String(length=64), nullable=True),
        sa.Column("definition_id", Serial, nullable=True),
        sa.Column("record_id", Serial, nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_history_instance_id")
        ),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_history_record_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history")),
    )
    op.create_index(op.f("ix_history_instance_id_id"), "history", ["instance_id", "id"], unique=False)
    op.create_index(
        "ix_history_record_id_id",
        "history",
        ["record_id", "id"],
        unique=False,
        postgresql_where=sa.text("record_id IS NOT NULL"),
        sqlite_where=sa.text("record_id IS NOT NULL"),
    )
    op.create_table(
        "incident",
        sa.Column("id", Serial, nullable=False),
        sa.Column("instance_id", Serial, nullable=False),
        sa.Column("token_id", sa.String(length=80), nullable=False),
        sa.Column("element_id", sa.String(length=200), nullable=False),
        sa.Column("message_zh", sa.Text(), nullable=False),
        sa.Column("message_en", sa.Text(), nullable=False),
        sa.Column("raised_at", Instant(), nullable=False),
        sa.Column("resolved_at", Instant(), nullable=True),
        sa.Column("resolved_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_incident_instance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    op.create_index(op.f("ix_incident_instance_id"), "incident", ["instance_id"], unique=False)
    op.create_table(
        "ledger_entry",
        sa.Column("id", Serial, nullable=False),
        sa.Column("posting", sa.Uuid(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("unit", sa.String(length=100), nullable=False),
        sa.Column("customer", sa.String(length=100), nullable=False),
        sa.Column("account", sa.String(length=10), nullable=False),
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.Column("period", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("amount", Yuan(), nullable=False),
        sa.Column("receipt_number", sa.String(length=40), nullable=False),
        sa.Column("instance_id", Serial, nullable=True),
        sa.Column("user_name", sa.String(length=64), nullable=True),
        sa.Column("corrects_id", Serial, nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["corrects_id"], ["ledger_entry.id"], name=op.f("fk_ledger_entry_corrects_id")
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_ledger_entry_instance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("corrects_id", name=op.f("uq_ledger_entry_corrects_id")),
    )
    op.create_index(op.f("ix_ledger_entry_customer_id"), "ledger_entry", ["customer", "id"], unique=False)
    op.create_index(op.f("ix_ledger_entry_posting"), "ledger_entry", ["posting"], unique=False)
    op.create_index(op.f("ix_ledger_entry_unit_id"), "ledger_entry", ["unit", "id"], unique=False)
    op.create_index(
        op.f("ix_ledger_entry_unit_item_period"), "ledger_entry", ["unit", "item", "period"], unique=False
    )
    op.create_table(
        "membership",
        sa.Column("user_name", sa.String(length=64), nullable=False),
        sa.Column("group_key", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["group_key"], ["user_group.key"], name=op.f("fk_membership_group_key")),
        sa.ForeignKeyConstraint(["user_name"], ["user_account.name"], name=op.f("fk_membership_user_name")),
        sa.PrimaryKeyConstraint("user_name", "group_key", name=op.f("pk_membership")),
    )
    op.create_index(op.f("ix_membership_group_key"), "membership", ["group_key"], unique=False)
    op.create_table(
        "message_wait",
        sa.Column("id", Serial, nullable=False),
        sa.Column("instance_id", Serial, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("element_id", sa.String(length=200), nullable=False),
        sa.Column("correlation_key", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_message_wait_instance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_wait")),
    )
    op.create_index(op.f("ix_message_wait_instance_id"), "message_wait", ["instance_id"], unique=False)
    op.create_index(
        op.f("ix_message_wait_kind_name_correlation_key"),
        "message_wait",
        ["kind", "name", "correlation_key"],
        unique=False,
    )
    op.create_table(
        "notification",
        sa.Column("id", Serial, nullable=False),
        sa.Column("instance_id", Serial, nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("recipient", sa.String(length=70), nullable=False),
        sa.Column("text_zh", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("try_after", Instant(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_notification_instance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
    )
    op.create_index(op.f("ix_notification_instance_id"), "notification", ["instance_id"], unique=False)
    op.create_index(op.f("ix_notification_recipient_id"), "notification", ["recipient", "id"], unique=False)
    op.create_index(
        "ix_notification_unsent",
        "notification",
        ["id"],
        unique=False,
        postgresql_where=sa.text("sent_at IS NULL"),
        sqlite_where=sa.text("sent_at IS NULL"),
    )
    op.create_table(
        "paper",
        sa.Column("id", Serial, nullable=False),
        sa.Column("number", sa.String(length=100), nullable=False),
        sa.Column("definition_id", Serial, nullable=False),
        sa.Column("instance_id", Serial, nullable=True),
        sa.Column("token", sa.String(length=40), nullable=False),
        sa.Column("record_id", Serial, nullable=True),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("issued_at", Instant(), nullable=False),
        sa.Column("issued_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["definition_id"], ["definition.id"], name=op.f("fk_paper_definition_id")),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name=op.f("fk_paper_instance_id")),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_paper_record_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper")),
        sa.UniqueConstraint("number", name=op.f("uq_paper_number")),
        sa.UniqueConstraint("token", name=op.f("uq_paper_token")),
    )
    op.create_index(op.f("ix_paper_instance_id"), "paper", ["instance_id"], unique=False)
    op.create_table(
        "substitution",
        sa.Column("id", Serial, nullable=False),
        sa.Column("user_name", sa.String(length=64), nullable=False),
        sa.Column("substitute_name", sa.String(length=64), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("named_by", sa.String(length=64), nullable=False),
        sa.Column("named_at", Instant(), nullable=False),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["substitute_name"], ["user_account.name"], name=op.f("fk_substitution_substitute_name")
        ),
        sa.ForeignKeyConstraint(["user_name"], ["user_account.name"], name=op.f("fk_substitution_user_name")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_substitution")),
    )
    op.create_index(
        op.f("ix_substitution_substitute_name"), "substitution", ["substitute_name"], unique=False
    )
    op.create_table(
        "timer",
        sa.Column("id", Serial, nullable=False),
        sa.Column("instance_id", Serial, nullable=False),
        sa.Column("token_id", sa.String(length=80), nullable=False),
        sa.Column("element_id", sa.String(length=200), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("failed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name=op.f("fk_timer_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timer")),
        sa.UniqueConstraint("instance_id", "token_id", name=op.f("uq_timer_instance_id_token_id")),
    )
    op.create_index(op.f("ix_timer_due_at_id"), "timer", ["due_at", "id"], unique=False)
    op.create_table(
        "user_task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("instance_id", Serial, nullable=False),
        sa.Column("process_key", sa.String(length=200), nullable=False),
        sa.Column("definition_id", Serial, nullable=False),
        sa.Column("element_id", sa.String(length=200), nullable=False),
        sa.Column("name_zh", sa.String(length=300), nullable=False),
        sa.Column("name_en", sa.String(length=300), nullable=False),
        sa.Column("form_id", Serial, nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("assignee", sa.String(length=64), nullable=True),
        sa.Column("candidate_groups", sa.Text(), nullable=False),
        sa.Column("candidate_users", sa.Text(), nullable=False),
        sa.Column("excluded_users", sa.Text(), nullable=False),
        sa.Column("restricted", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("follow_up_at", Instant(), nullable=True),
        sa.Column("completed_at", Instant(), nullable=True),
        sa.Column("completed_by", sa.String(length=64), nullable=True),
        sa.Column("completed_for", sa.String(length=64), nullable=True),
        sa.Column("submission", sa.String(length=64), nullable=True),
        sa.Column("drafts", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definition.id"], name=op.f("fk_user_task_definition_id")
        ),
        sa.ForeignKeyConstraint(["form_id"], ["definition.id"], name=op.f("fk_user_task_form_id")),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instance.id"], name=op.f("fk_user_task_instance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_task")),
    )
    op.create_index(
        op.f("ix_user_task_instance_id_status"), "user_task", ["instance_id", "status"], unique=False
    )
    op.create_table(
        "inbox",
        sa.Column("holder", sa.String(length=70), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("instance_id", Serial, nullable=False),
        sa.Column("process_key", sa.String(length=200), nullable=False),
        sa.Column("excluded", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["user_task.id"], name=op.f("fk_inbox_task_id")),
        sa.PrimaryKeyConstraint("holder", "due_at", "task_id", name=op.f("pk_inbox")),
    )
    op.create_index(op.f("ix_inbox_instance_id"), "inbox", ["instance_id"], unique=False)
    op.create_index(op.f("ix_inbox_task_id"), "inbox", ["task_id"], unique=False)

    # The state is large, often written and never searched: quick compression is worth more than a good one.
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER TABLE process_instance ALTER COLUMN state SET COMPRESSION lz4")
    _refuse_changes(op.get_context().dialect.name)


def _refuse_changes(dialect: str) -> None:
    """Let nobody change or delete what is only ever added."""
    if dialect == "sqlite":
        for table in ONLY_ADDED:
            for change in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_refuses_{change.lower()} BEFORE {change} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is never changed'); END"
                )
        return
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is never changed', TG_TABLE_NAME; END $$"
    )
    for table in ONLY_ADDED:
        op.execute(
            f"CREATE TRIGGER {table}_refuses_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_refuses_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    raise NotImplementedError("there is nothing before the first tables")
