-- AlterTable
ALTER TABLE "audit_logs" ADD COLUMN     "hash" TEXT,
ADD COLUMN     "previous_hash" TEXT,
ADD COLUMN     "seq" INTEGER;

-- AlterTable
ALTER TABLE "organizations" ADD COLUMN     "audit_retention_days" INTEGER;

-- CreateTable
CREATE TABLE "audit_heads" (
    "organization_id" TEXT NOT NULL,
    "seq" INTEGER NOT NULL,
    "hash" TEXT NOT NULL,

    CONSTRAINT "audit_heads_pkey" PRIMARY KEY ("organization_id")
);

-- CreateTable
CREATE TABLE "audit_removals" (
    "id" BIGSERIAL NOT NULL,
    "organization_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "slug" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "through_seq" INTEGER NOT NULL,
    "through_hash" TEXT NOT NULL,
    "rows" INTEGER NOT NULL,
    "actor_kind" TEXT NOT NULL,
    "actor_id" TEXT,
    "client_ip" TEXT,
    "request_id" TEXT,
    "time" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "transaction" BIGINT NOT NULL,

    CONSTRAINT "audit_removals_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "audit_removals_organization_id_id_idx" ON "audit_removals"("organization_id", "id");

-- CreateIndex
CREATE INDEX "audit_logs_organization_id_action_seq_idx" ON "audit_logs"("organization_id", "action", "seq");

-- CreateIndex
CREATE INDEX "audit_logs_organization_id_actor_id_seq_idx" ON "audit_logs"("organization_id", "actor_id", "seq");

-- CreateIndex
CREATE INDEX "audit_logs_organization_id_target_id_seq_idx" ON "audit_logs"("organization_id", "target_id", "seq");

-- CreateIndex
CREATE INDEX "audit_logs_organization_id_request_id_idx" ON "audit_logs"("organization_id", "request_id");

-- CreateIndex
CREATE UNIQUE INDEX "audit_logs_organization_id_seq_key" ON "audit_logs"("organization_id", "seq");

-- AddForeignKey
ALTER TABLE "audit_heads" ADD CONSTRAINT "audit_heads_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Rows of a transaction that is under way: none that others see is without its place.
CREATE INDEX "audit_logs_unchained_idx" ON "audit_logs"("organization_id") WHERE "seq" IS NULL;

ALTER TABLE "organizations" ADD CONSTRAINT "organizations_audit_retention_days_check" CHECK ("audit_retention_days" >= 1);
ALTER TABLE "audit_removals" ADD CONSTRAINT "audit_removals_reason_check" CHECK ("reason" IN ('retention', 'organization_deleted'));

-- JSON in its one form: RFC 8785, but for numbers, which have no exponent. lib/core/canonical-json.ts writes the same.
CREATE FUNCTION "audit_canonical"("value" jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    CASE jsonb_typeof("value")
    WHEN 'object' THEN
        RETURN '{' || coalesce((
            SELECT string_agg(to_json("key")::text || ':' || "audit_canonical"("each"), ',' ORDER BY "key" COLLATE "C")
            FROM jsonb_each("value") AS "members"("key", "each")
        ), '') || '}';
    WHEN 'array' THEN
        RETURN '[' || coalesce((
            SELECT string_agg("audit_canonical"("each"), ',' ORDER BY "place")
            FROM jsonb_array_elements("value") WITH ORDINALITY AS "elements"("each", "place")
        ), '') || ']';
    ELSE
        RETURN "value"::text;
    END CASE;
END $$;

-- The hash of a row over all that it says and the hash of the row before it.
CREATE FUNCTION "audit_hash"("entry" "audit_logs") RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN encode(sha256(convert_to("audit_canonical"(jsonb_build_object(
        'action', "entry"."action",
        'actor_id', "entry"."actor_id",
        'actor_kind', "entry"."actor_kind",
        'after', "entry"."after",
        'before', "entry"."before",
        'client_ip', "entry"."client_ip",
        'id', "entry"."id",
        'organization_id', "entry"."organization_id",
        'previous_hash', "entry"."previous_hash",
        'request_id', "entry"."request_id",
        'seq', "entry"."seq",
        'target_id', "entry"."target_id",
        'time', to_char("entry"."time" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    )), 'UTF8')), 'hex');
END $$;

-- Rows from before there was a chain, in the order of their times.
DO $$
DECLARE
    "entry" "audit_logs";
    "head" "audit_heads";
BEGIN
    FOR "entry" IN SELECT * FROM "audit_logs" ORDER BY "organization_id", "time", "id" LOOP
        IF "head"."organization_id" IS DISTINCT FROM "entry"."organization_id" THEN
            "head" := ROW("entry"."organization_id", 0, repeat('0', 64));
            INSERT INTO "audit_heads" VALUES ("head".*);
        END IF;
        "head"."seq" := "head"."seq" + 1;
        "entry"."seq" := "head"."seq";
        "entry"."previous_hash" := "head"."hash";
        "head"."hash" := "audit_hash"("entry");
        UPDATE "audit_logs"
        SET "seq" = "entry"."seq", "previous_hash" = "entry"."previous_hash", "hash" = "head"."hash"
        WHERE "id" = "entry"."id";
        UPDATE "audit_heads" SET "seq" = "head"."seq", "hash" = "head"."hash"
        WHERE "organization_id" = "head"."organization_id";
    END LOOP;
    -- Every organization has a head from here on, so that one without is one whose log was taken away.
    INSERT INTO "audit_heads" SELECT "id", 0, repeat('0', 64) FROM "organizations" ON CONFLICT DO NOTHING;
END $$;

-- Rows get their places when their transaction commits: whoever changes an organization waits for others only then, holds
-- nothing that comes later, and so can meet nobody who waits in turn. Of several organizations the heads go in one order.
CREATE FUNCTION "chain_audit_log"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    "entry" "audit_logs";
    "head" "audit_heads";
BEGIN
    SELECT * INTO "entry" FROM "audit_logs" WHERE "id" = NEW."id" AND "seq" IS NULL;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM 1 FROM "audit_heads"
    WHERE "organization_id" IN (SELECT "organization_id" FROM "audit_logs" WHERE "seq" IS NULL)
    ORDER BY "organization_id" FOR UPDATE;
    SELECT * INTO "head" FROM "audit_heads" WHERE "organization_id" = "entry"."organization_id";
    IF NOT FOUND THEN
        INSERT INTO "audit_heads" VALUES ("entry"."organization_id", 0, repeat('0', 64)) ON CONFLICT DO NOTHING;
        SELECT * INTO "head" FROM "audit_heads" WHERE "organization_id" = "entry"."organization_id" FOR UPDATE;
    END IF;
    "entry"."seq" := "head"."seq" + 1;
    "entry"."previous_hash" := "head"."hash";
    "entry"."hash" := "audit_hash"("entry");
    UPDATE "audit_logs"
    SET "seq" = "entry"."seq", "previous_hash" = "entry"."previous_hash", "hash" = "entry"."hash"
    WHERE "id" = "entry"."id";
    UPDATE "audit_heads" SET "seq" = "entry"."seq", "hash" = "entry"."hash"
    WHERE "organization_id" = "entry"."organization_id";
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER "chain_audit_log" AFTER INSERT ON "audit_logs" DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION "chain_audit_log"();

-- What a record of a removal says is what the database finds, whoever writes it. Rows go for their age alone, when their
-- organization keeps none so old; or all of them, with their organization.
CREATE FUNCTION "admit_audit_removal"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    "days" integer;
BEGIN
    -- Of an organization that is deleted, nobody adds to what is counted here.
    IF NEW."reason" = 'organization_deleted' THEN
        PERFORM 1 FROM "organizations" WHERE "id" = NEW."organization_id" FOR UPDATE;
        NEW."through_seq" := 2147483647;
    END IF;
    SELECT "name", "slug", "audit_retention_days" INTO NEW."name", NEW."slug", "days" FROM "organizations"
    WHERE "id" = NEW."organization_id";
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the audit log is append-only: there is no such organization'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW."reason" = 'retention' AND ("days" IS NULL OR EXISTS (
        SELECT 1 FROM "audit_logs"
        WHERE "organization_id" = NEW."organization_id" AND "seq" <= NEW."through_seq"
            AND "time" > CURRENT_TIMESTAMP - "days" * interval '24 hours'
    )) THEN
        RAISE EXCEPTION 'the audit log is append-only: the organization keeps these rows'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT count(*) INTO NEW."rows" FROM "audit_logs"
    WHERE "organization_id" = NEW."organization_id" AND "seq" <= NEW."through_seq";
    IF NEW."reason" = 'retention' AND NEW."rows" = 0 THEN
        RAISE EXCEPTION 'the audit log is append-only: there are no such rows'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT "seq", "hash" INTO NEW."through_seq", NEW."through_hash" FROM "audit_logs"
    WHERE "organization_id" = NEW."organization_id" AND "seq" <= NEW."through_seq"
    ORDER BY "seq" DESC LIMIT 1;
    NEW."through_seq" := coalesce(NEW."through_seq", 0);
    NEW."through_hash" := coalesce(NEW."through_hash", repeat('0', 64));
    NEW."transaction" := txid_current();
    NEW."time" := CURRENT_TIMESTAMP;
    RETURN NEW;
END $$;

CREATE TRIGGER "admit_audit_removal" BEFORE INSERT ON "audit_removals"
    FOR EACH ROW EXECUTE FUNCTION "admit_audit_removal"();

-- When its transaction commits, what was recorded must have happened: the organization is gone, or the older rows are and
-- a row of the log itself tells of it.
CREATE FUNCTION "settle_audit_removal"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM "organizations" WHERE "id" = NEW."organization_id") THEN
        RETURN NULL;
    END IF;
    IF NEW."reason" = 'organization_deleted' THEN
        RAISE EXCEPTION 'the audit log is append-only: its organization was not deleted'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF EXISTS (
        SELECT 1 FROM "audit_logs"
        WHERE "organization_id" = NEW."organization_id" AND "seq" <= NEW."through_seq"
    ) OR NOT EXISTS (
        SELECT 1 FROM "audit_logs"
        WHERE "organization_id" = NEW."organization_id" AND "action" = 'audit_log.trimmed'
            AND "after" @> jsonb_build_object(
                'rows', NEW."rows", 'through_seq', NEW."through_seq", 'through_hash', NEW."through_hash"
            )
    ) THEN
        RAISE EXCEPTION 'the audit log is append-only: no row tells of what was removed'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER "settle_audit_removal" AFTER INSERT ON "audit_removals" DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION "settle_audit_removal"();

-- An organization is the one that its log is of: it gets no other id, and one that was deleted does not come back.
CREATE FUNCTION "keep_organization_id"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' OR EXISTS (
        SELECT 1 FROM "audit_removals" WHERE "organization_id" = NEW."id" AND "reason" = 'organization_deleted'
    ) THEN
        RAISE EXCEPTION 'the audit log is append-only: the id of an organization stays its own'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER "keep_organization_id" BEFORE UPDATE ON "organizations"
    FOR EACH ROW WHEN (NEW."id" <> OLD."id") EXECUTE FUNCTION "keep_organization_id"();
CREATE TRIGGER "keep_organization_gone" BEFORE INSERT ON "organizations"
    FOR EACH ROW EXECUTE FUNCTION "keep_organization_id"();

-- Removes rows, the oldest up to one of them, or all of an organization that is deleted in the same transaction. Nothing
-- else can: the record written here is what lets them go, and for as long as the organization is there its log says so too.
CREATE FUNCTION "remove_audit_logs"(
    "organization" text, "through" integer, "by_kind" text, "by_id" text, "by_request" text, "by_ip" text DEFAULT NULL
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    "removal" "audit_removals";
BEGIN
    IF "through" IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM "audit_logs" WHERE "organization_id" = "organization" AND "seq" <= "through"
    ) THEN
        RETURN 0;
    END IF;
    INSERT INTO "audit_removals" (
        "organization_id", "reason", "through_seq", "actor_kind", "actor_id", "client_ip", "request_id"
    ) VALUES (
        "organization", CASE WHEN "through" IS NULL THEN 'organization_deleted' ELSE 'retention' END, "through",
        "by_kind", "by_id", "by_ip", "by_request"
    ) RETURNING * INTO "removal";
    IF "through" IS NOT NULL THEN
        INSERT INTO "audit_logs" (
            "id", "organization_id", "actor_kind", "actor_id", "action", "client_ip", "request_id", "after"
        ) VALUES (
            'audit_' || left(md5("organization" || ':' || "removal"."through_hash"), 20), "organization", "by_kind",
            "by_id", 'audit_log.trimmed', "by_ip", "by_request",
            jsonb_build_object(
                'rows', "removal"."rows", 'through_seq', "removal"."through_seq",
                'through_hash', "removal"."through_hash"
            )
        );
    END IF;
    DELETE FROM "audit_logs" WHERE "organization_id" = "organization" AND "seq" <= "removal"."through_seq";
    RETURN "removal"."rows";
END $$;

-- What is written stays as it is. Rows may go where this very transaction has recorded that they do; the chain sets what
-- it gives, and only from within its trigger.
CREATE FUNCTION "keep_audit_log"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW."seq" := NULL;
        NEW."previous_hash" := NULL;
        NEW."hash" := NULL;
        RETURN NEW;
    ELSIF TG_OP = 'UPDATE' THEN
        IF pg_trigger_depth() > 1 AND OLD."seq" IS NULL
            AND to_jsonb(NEW) - '{seq,previous_hash,hash}'::text[] = to_jsonb(OLD) - '{seq,previous_hash,hash}'::text[]
        THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        IF EXISTS (
            SELECT 1 FROM "audit_removals"
            WHERE "organization_id" = OLD."organization_id"
                AND "transaction" = txid_current() AND "time" = CURRENT_TIMESTAMP
                AND ("reason" = 'organization_deleted' OR OLD."seq" <= "through_seq")
        ) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only: % refused; remove_audit_logs() removes, and says so', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER "keep_audit_log" BEFORE INSERT OR UPDATE OR DELETE ON "audit_logs"
    FOR EACH ROW EXECUTE FUNCTION "keep_audit_log"();
CREATE TRIGGER "keep_audit_log_whole" BEFORE TRUNCATE ON "audit_logs"
    FOR EACH STATEMENT EXECUTE FUNCTION "keep_audit_log"();

-- The last row's place and hash only ever go on by one; a removal's record never changes.
CREATE FUNCTION "keep_audit_head"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'audit_heads' THEN
        IF pg_trigger_depth() > 1 AND NEW."seq" = OLD."seq" + 1 THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'audit_heads' THEN
        IF EXISTS (
            SELECT 1 FROM "audit_removals"
            WHERE "organization_id" = OLD."organization_id" AND "reason" = 'organization_deleted'
                AND "transaction" = txid_current() AND "time" = CURRENT_TIMESTAMP
        ) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only: % of % refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER "keep_audit_head" BEFORE UPDATE OR DELETE ON "audit_heads"
    FOR EACH ROW EXECUTE FUNCTION "keep_audit_head"();
CREATE TRIGGER "keep_audit_head_whole" BEFORE TRUNCATE ON "audit_heads"
    FOR EACH STATEMENT EXECUTE FUNCTION "keep_audit_head"();
CREATE TRIGGER "keep_audit_removal" BEFORE UPDATE OR DELETE ON "audit_removals"
    FOR EACH ROW EXECUTE FUNCTION "keep_audit_head"();
CREATE TRIGGER "keep_audit_removal_whole" BEFORE TRUNCATE ON "audit_removals"
    FOR EACH STATEMENT EXECUTE FUNCTION "keep_audit_head"();
