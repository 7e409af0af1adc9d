import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMigration, migrate } from './migrate'
import { startPostgres } from './postgres'

// For developers: npx tsx server/create-migration.ts NAME, after a change to schema.prisma.

async function main(name: string | undefined): Promise<number> {
  if (!name) {
    process.stderr.write('Usage: npx tsx server/create-migration.ts NAME\n')
    return 2
  }
  const dataDir = mkdtempSync(join(tmpdir(), 'twig-migration-'))
  const say = (line: string) => void process.stdout.write(`${line}\n`)
  const postgres = await startPostgres({ dataDir, password: 'only-for-a-moment', say, onCrash: say })
  try {
    await migrate(postgres.url)
    const folder = await createMigration(postgres.url, name, new Date())
    say(folder ? `Written: ${folder}` : 'schema.prisma has no change that the migrations lack.')
    return 0
  } finally {
    await postgres.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

process.exitCode = await main(process.argv[2])
