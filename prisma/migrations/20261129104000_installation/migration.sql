-- CreateTable
CREATE TABLE "installation" (
    "id" TEXT NOT NULL,
    "first_organization_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "installation_pkey" PRIMARY KEY ("id")
);

ALTER TABLE "installation" ADD CONSTRAINT "installation_id_check" CHECK ("id" = 'twig');

-- Of a Twig that is set up already: the oldest that is there.
INSERT INTO "installation" ("id", "first_organization_id")
SELECT 'twig', "id" FROM "organizations" ORDER BY "created_at", "id" LIMIT 1;
