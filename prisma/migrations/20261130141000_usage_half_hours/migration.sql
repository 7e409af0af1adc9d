-- CreateTable
CREATE TABLE "usage_half_hours" (
    "key_id" TEXT NOT NULL,
    "half_hour" TIMESTAMPTZ(0) NOT NULL,
    "method" TEXT NOT NULL,
    "endpoint" TEXT NOT NULL,
    "scope" "scope" NOT NULL,
    "status" SMALLINT NOT NULL,
    "code" TEXT NOT NULL,
    "admitted" BOOLEAN NOT NULL,
    "requests" INTEGER NOT NULL,
    "latency" JSONB NOT NULL,

    CONSTRAINT "usage_half_hours_pkey" PRIMARY KEY ("key_id","half_hour","method","endpoint","status","code")
);

-- CreateTable
CREATE TABLE "usage_addresses" (
    "organization_id" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "client_ip" TEXT NOT NULL,
    "requests" BIGINT NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "usage_addresses_pkey" PRIMARY KEY ("organization_id","day","client_ip")
);

-- CreateIndex
CREATE INDEX "usage_half_hours_half_hour_idx" ON "usage_half_hours"("half_hour");

-- CreateIndex
CREATE INDEX "usage_addresses_day_idx" ON "usage_addresses"("day");

-- What was counted before is in the new tables as if it had been counted now.
INSERT INTO "usage_half_hours"
WITH "counted" AS (
    SELECT *, to_timestamp(floor(extract(epoch FROM "minute") / 1800) * 1800) AS "half_hour" FROM "usage_minutes"
), "rows" AS (
    SELECT "key_id", "half_hour", "method", "endpoint", max("scope") AS "scope", "status", "code",
        bool_and("admitted") AS "admitted", sum("requests")::integer AS "requests"
    FROM "counted" GROUP BY "key_id", "half_hour", "method", "endpoint", "status", "code"
), "buckets" AS (
    SELECT "key_id", "half_hour", "method", "endpoint", "status", "code", "bucket"."key", sum("bucket"."value"::bigint) AS "total"
    FROM "counted", jsonb_each_text("latency") AS "bucket"
    GROUP BY "key_id", "half_hour", "method", "endpoint", "status", "code", "bucket"."key"
), "latencies" AS (
    SELECT "key_id", "half_hour", "method", "endpoint", "status", "code", jsonb_object_agg("key", "total") AS "latency"
    FROM "buckets" GROUP BY "key_id", "half_hour", "method", "endpoint", "status", "code"
)
SELECT "key_id", "half_hour", "method", "endpoint", "scope", "status", "code", "admitted", "requests",
    coalesce("latency", '{}')
FROM "rows" LEFT JOIN "latencies" USING ("key_id", "half_hour", "method", "endpoint", "status", "code");

INSERT INTO "usage_addresses"
WITH "seen" AS (
    SELECT "organization_id", "day", "client_ip", sum("requests") AS "requests", max("last_seen_at") AS "last_seen_at",
        row_number() OVER (
            PARTITION BY "organization_id", "day" ORDER BY "client_ip" = 'other', sum("requests") DESC, "client_ip"
        ) AS "place"
    FROM "usage_callers" JOIN "api_keys" ON "api_keys"."id" = "key_id"
    WHERE "day" >= current_date - 8 GROUP BY "organization_id", "day", "client_ip"
)
SELECT "organization_id", "day", CASE WHEN "place" <= 1000 THEN "client_ip" ELSE 'other' END AS "client_ip",
    sum("requests")::bigint, max("last_seen_at")
FROM "seen" GROUP BY 1, 2, 3;
