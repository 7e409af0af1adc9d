-- AlterTable
ALTER TABLE "agents" ADD COLUMN     "created_by_id" TEXT;

-- AlterTable
ALTER TABLE "data_sources" ADD COLUMN     "created_by_id" TEXT;

-- AlterTable
ALTER TABLE "organizations" ADD COLUMN     "session_idle_minutes" INTEGER,
ADD COLUMN     "session_max_age_hours" INTEGER,
ADD COLUMN     "usage_retention_days" INTEGER;

-- Whoever takes an owner away waits for everybody else who does, and finds another one left. An organization that is being
-- deleted needs none. Kept here so that no way of changing memberships can forget it.
CREATE FUNCTION "keep_an_owner"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW."role" = 'owner' AND NEW."organization_id" = OLD."organization_id" THEN
            RETURN NULL;
        END IF;
    END IF;
    PERFORM 1 FROM "organizations" WHERE "id" = OLD."organization_id" FOR NO KEY UPDATE;
    IF FOUND AND NOT EXISTS (
        SELECT 1 FROM "memberships" WHERE "organization_id" = OLD."organization_id" AND "role" = 'owner'
    ) THEN
        RAISE EXCEPTION 'the last owner of an organization stays' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER "keep_an_owner" AFTER DELETE OR UPDATE ON "memberships"
    FOR EACH ROW WHEN (OLD."role" = 'owner') EXECUTE FUNCTION "keep_an_owner"();

-- A key that a person makes can do no more than they, at that moment: a change of their role waits, or was waited for.
CREATE FUNCTION "keep_scopes_within_role"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    "held" "role";
BEGIN
    SELECT "role" INTO "held" FROM "memberships"
    WHERE "organization_id" = NEW."organization_id" AND "user_id" = NEW."created_by_id" FOR SHARE;
    IF "held" IS NULL OR "held" < 'member' OR ("held" < 'admin' AND 'admin' = ANY (NEW."scopes")) THEN
        RAISE EXCEPTION 'the key could do more than its maker' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER "keep_scopes_within_role" BEFORE INSERT ON "api_keys"
    FOR EACH ROW WHEN (NEW."created_by_id" IS NOT NULL) EXECUTE FUNCTION "keep_scopes_within_role"();
