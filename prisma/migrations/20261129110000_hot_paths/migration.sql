-- DropIndex
DROP INDEX "api_keys_organization_id_revoked_at_created_at_id_idx";

-- CreateTable
CREATE TABLE "gone_keys" (
    "id" TEXT NOT NULL,
    "gone_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "gone_keys_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "gone_keys_gone_at_idx" ON "gone_keys"("gone_at");

-- CreateIndex
CREATE INDEX "memberships_organization_id_created_at_user_id_idx" ON "memberships"("organization_id", "created_at", "user_id");

-- CreateIndex
CREATE INDEX "api_keys_organization_id_created_by_id_idx" ON "api_keys"("organization_id", "created_by_id");

-- CreateIndex
CREATE INDEX "agents_organization_id_created_by_id_idx" ON "agents"("organization_id", "created_by_id");

-- CreateIndex
CREATE INDEX "data_sources_organization_id_created_by_id_idx" ON "data_sources"("organization_id", "created_by_id");

-- CreateIndex
CREATE INDEX "interactions_organization_id_key_id_created_at_id_idx" ON "interactions"("organization_id", "key_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "interactions_organization_id_user_id_created_at_id_idx" ON "interactions"("organization_id", "user_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "audit_logs_organization_id_actor_kind_seq_idx" ON "audit_logs"("organization_id", "actor_kind", "seq");

-- CreateIndex
CREATE INDEX "access_logs_organization_id_key_id_time_id_idx" ON "access_logs"("organization_id", "key_id", "time", "id");

-- CreateIndex
CREATE INDEX "access_logs_organization_id_user_id_time_id_idx" ON "access_logs"("organization_id", "user_id", "time", "id");

-- CreateIndex
CREATE INDEX "access_logs_organization_id_client_ip_time_id_idx" ON "access_logs"("organization_id", "client_ip", "time", "id");

-- CreateIndex
CREATE INDEX "access_logs_organization_id_reason_time_id_idx" ON "access_logs"("organization_id", "reason", "time", "id");

-- Nearly all succeed; whoever looks for the others should not read those.
CREATE INDEX "interactions_unsuccessful_idx" ON "interactions"("organization_id", "environment", "status", "created_at", "id") WHERE "status" <> 'succeeded';

-- Their list, in its order: that a column IS NULL is no order to Postgres, so it cannot stand in the middle of an index.
CREATE INDEX "api_keys_not_deleted_idx" ON "api_keys"("organization_id", "created_at", "id") WHERE "revoked_at" IS NULL;

-- Keys that are no more are noted as they go: to find out which of all that have usage are missing, all would have to be read.
CREATE FUNCTION "note_gone_keys"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO "gone_keys" ("id") SELECT "id" FROM "gone" ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE TRIGGER "note_gone_keys" AFTER DELETE ON "api_keys" REFERENCING OLD TABLE AS "gone"
    FOR EACH STATEMENT EXECUTE FUNCTION "note_gone_keys"();

-- Those that went before there was a note, and whose usage may still be there.
INSERT INTO "gone_keys" ("id")
SELECT DISTINCT "key_id" FROM "usage_days"
WHERE NOT EXISTS (SELECT 1 FROM "api_keys" WHERE "api_keys"."id" = "usage_days"."key_id");
