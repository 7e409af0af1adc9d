import { randomBytes } from 'node:crypto'
import { inTransaction } from '../../store/db'
import { quickHash } from '../../store/testing/quick-hash'
import { addMember } from '../organizations'
import { enforceSso, unenforceSso } from '../sso-enforcement'
import { insertUser } from '../users'
import { addSaml, passTest, ssoTenant } from './sso-settings'

export const PASSWORD = 'violet harbour lamp 42'

/** An organization that is ready to enforce SSO, with people of its domain who have the password above. */
export async function guarded() {
  const { organization, operator, domain, join } = await ssoTenant()
  const { id: connectionId } = await addSaml(operator)
  await passTest(organization.id, connectionId)
  const passwordHash = await quickHash(PASSWORD)
  const name = () => randomBytes(6).toString('hex')
  return {
    organizationId: organization.id,
    operator,
    domain,
    join,
    passwordHash,
    connectionId,
    /** An address in the domain that nobody has. */
    address: () => `${name()}@${domain}`,
    /** Somebody of the organization, by default with an address in its domain. */
    member: async (role: 'member' | 'owner' = 'member', email = `${name()}@${domain}`) => {
      const userId = await inTransaction(async (tx) => {
        const user = await insertUser(tx, { email, name: 'Ada', passwordHash }, new Date())
        if (!user) throw new Error('has an account')
        await addMember(tx, { organizationId: organization.id, userId: user.id, role })
        return user.id
      })
      return { email, userId }
    },
    enforce: () => enforceSso(operator, { id: connectionId }),
    unenforce: () => unenforceSso(operator, { id: connectionId }),
  }
}

export type Guarded = Awaited<ReturnType<typeof guarded>>
