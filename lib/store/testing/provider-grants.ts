import { createHash, randomBytes } from 'node:crypto'
import type { ProviderRequest, Reply } from './provider-server'

/** Somebody at the provider. */
interface ProviderAccount {
  id: string
  email: string
  name: string
  workspace: string
}

/** What a client was given by one consent, however often it is refreshed. */
export interface Family {
  account: ProviderAccount
  scopes: string[]
  isRevoked: boolean
}

interface Asked {
  redirectUri: string
  state: string
  challenge: string | null
  scopes: string[]
}

interface Options {
  name: string
  accounts: ProviderAccount[]
  accessPrefix: string
  refreshPrefix: string
  /** Splits the asked scopes. */
  scopesOf: (query: URLSearchParams) => string[]
  /** Whether PKCE is demanded; Notion knows none. */
  pkce: boolean
}

export const CLIENT = { id: 'twig-client', secret: 'twig-secret:of+tests%and=more' }

const random = () => randomBytes(18).toString('base64url')

const html = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

/** Accounts, consents, codes and tokens of one provider; its clock can be put forward. */
export class Grants {
  /** From now on. Without a life, access tokens last and there is no refresh token. */
  lifeSeconds: number | null = 3600
  rotates = true
  givesRefreshToken = true
  /** Goes into token answers in the place of the right `expires_in`. */
  saysExpiresIn: unknown = undefined
  #aheadMs = 0
  #asked = new Map<string, Asked>()
  #codes = new Map<string, { family: Family; asked: Asked; isUsed: boolean }>()
  #access = new Map<string, { family: Family; endsAt: number }>()
  #refresh = new Map<string, { family: Family; isUsed: boolean }>()
  /** Refresh tokens that came a second time. */
  reuses = 0

  constructor(readonly options: Options) {}

  get #now() {
    return Date.now() + this.#aheadMs
  }

  account(id: string): ProviderAccount {
    const found = this.options.accounts.find((account) => [account.id, account.email].includes(id))
    if (!found) throw new Error(`no account ${id}`)
    return found
  }

  /** What another process may do as well. */
  readonly control = {
    /** Puts the provider's clock forward. */
    advance: (seconds: number) => {
      this.#aheadMs += seconds * 1000
    },
    /** How tokens are given from now on. */
    giveTokens: (how: {
      lifeSeconds?: number | null
      rotates?: boolean
      givesRefreshToken?: boolean
      saysExpiresIn?: unknown
    }) => void Object.assign(this, how),
    expireAccessTokens: () => {
      for (const token of this.#access.values()) token.endsAt = 0
    },
    /** As when a person takes the application's access away, by the account's id or address. */
    revokeAccount: (id: string) => this.revokeFamilies((family) => family.account === this.account(id)),
    /** How many grants of an account are good. */
    liveGrants: (id: string) => {
      const account = this.account(id)
      const all = new Set([...this.#access.values(), ...this.#refresh.values()].map(({ family }) => family))
      return [...all].filter((family) => family.account === account && !family.isRevoked).length
    },
    reuses: () => this.reuses,
    addAccount: (account: ProviderAccount) => void this.options.accounts.push(account),
    /** What the browser comes back with from an address that Twig sent it to, once its person chose. */
    consent: (address: string, choice: { account?: string; scopes?: string[]; deny?: boolean } = {}) => {
      const asked = this.#read(new URL(address).searchParams)
      if (typeof asked === 'string') throw new Error(asked)
      return this.#answer(asked, choice)
    },
  }

  revokeFamilies(which: (family: Family) => boolean): void {
    for (const { family } of [...this.#access.values(), ...this.#refresh.values()]) {
      if (which(family)) family.isRevoked = true
    }
  }

  #read(query: URLSearchParams): Asked | string {
    const redirectUri = query.get('redirect_uri') ?? ''
    if (query.get('client_id') !== CLIENT.id) return 'The application is not known here.'
    if (!URL.canParse(redirectUri)) return 'The address to come back to is none.'
    const challenge = query.get('code_challenge')
    if (this.options.pkce && (!challenge || query.get('code_challenge_method') !== 'S256')) {
      return 'A code challenge of the method S256 is needed.'
    }
    const scopes = this.options.scopesOf(query)
    return { redirectUri, state: query.get('state') ?? '', challenge, scopes }
  }

  #answer(asked: Asked, choice: { account?: string; scopes?: string[]; deny?: boolean }): string {
    const back = new URL(asked.redirectUri)
    if (choice.deny) back.searchParams.set('error', 'access_denied')
    else {
      const code = random()
      const account = choice.account ? this.account(choice.account) : this.options.accounts[0]
      if (!account) throw new Error('there is no account')
      const scopes = asked.scopes.filter((scope) => choice.scopes?.includes(scope) ?? true)
      this.#codes.set(code, { family: { account, scopes, isRevoked: false }, asked, isUsed: false })
      back.searchParams.set('code', code)
    }
    back.searchParams.set('state', asked.state)
    return back.href
  }

  /** The page on which a person chooses an account and scopes, and allows or denies. */
  consentPage({ query }: ProviderRequest): Reply {
    const asked = this.#read(query)
    if (typeof asked === 'string') return { status: 400, text: `<!doctype html><h1>Error</h1><p>${asked}` }
    const id = random()
    this.#asked.set(id, asked)
    const hint = query.get('login_hint')
    const { accounts, name } = this.options
    const chosen = accounts.find(({ email }) => email === hint) ?? accounts[0]
    const radios = accounts.map(
      (account) =>
        `<label><input type="radio" name="account" value="${html(account.id)}"${account === chosen ? ' checked' : ''}> ${html(account.email)}</label><br>`,
    )
    const boxes = asked.scopes.map(
      (scope) =>
        `<label><input type="checkbox" name="scope" value="${html(scope)}" checked> ${html(scope)}</label><br>`,
    )
    return {
      text: `<!doctype html><html lang="en"><meta charset="utf-8"><title>${html(name)}</title>
<h1>Sign in with ${html(name)}</h1><form method="post" action="/consent"><input type="hidden" name="request" value="${id}">
<fieldset><legend>Choose an account</legend>${radios.join('')}</fieldset>
<fieldset><legend>Twig wants to</legend>${boxes.join('') || 'read the pages that you choose'}</fieldset>
<button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Deny</button></form></html>`,
    }
  }

  /** What the page's buttons lead to. */
  decide({ form }: ProviderRequest): Reply {
    const asked = this.#asked.get(form.get('request') ?? '')
    this.#asked.delete(form.get('request') ?? '')
    if (!asked) return { status: 400, text: '<!doctype html><p>This page was used before.' }
    const choice = {
      account: form.get('account') ?? '',
      scopes: form.getAll('scope'),
      deny: form.get('decision') !== 'allow',
    }
    return { status: 303, text: '', headers: { Location: this.#answer(asked, choice) } }
  }

  #give(family: Family) {
    const access = this.options.accessPrefix + random()
    const ends = this.lifeSeconds === null ? Number.POSITIVE_INFINITY : this.#now + this.lifeSeconds * 1000
    this.#access.set(access, { family, endsAt: ends })
    const said = this.saysExpiresIn === undefined ? (this.lifeSeconds ?? undefined) : this.saysExpiresIn
    return { access, family, expiresIn: said }
  }

  #giveRefresh(family: Family): string {
    const refresh = this.options.refreshPrefix + random()
    this.#refresh.set(refresh, { family, isUsed: false })
    return refresh
  }

  /** Tokens for a code, once, from where and by whom it was asked for; a second time ends what the first gave. */
  exchange(code: string, verifier: string | null, redirectUri: string | null) {
    const known = this.#codes.get(code)
    if (!known) return null
    const { family, asked } = known
    if (known.isUsed) family.isRevoked = true
    const challenge = createHash('sha256')
      .update(verifier ?? '')
      .digest('base64url')
    if (known.isUsed || asked.redirectUri !== redirectUri) return null
    if (asked.challenge !== null && asked.challenge !== challenge) return null
    known.isUsed = true
    const isRefreshable = this.givesRefreshToken && this.lifeSeconds !== null
    return { ...this.#give(family), refresh: isRefreshable ? this.#giveRefresh(family) : null }
  }

  /** RFC 9700 4.14.2: a refresh token that comes twice ends its whole family. */
  refresh(token: string) {
    const known = this.#refresh.get(token)
    if (!known) return null
    if (known.isUsed) {
      known.family.isRevoked = true
      this.reuses += 1
    }
    if (known.family.isRevoked) return null
    if (!this.rotates) return { ...this.#give(known.family), refresh: null }
    known.isUsed = true
    return { ...this.#give(known.family), refresh: this.#giveRefresh(known.family) }
  }

  /** Whose token it is, and whether it is good. */
  look(token: string): { family: Family; state: 'good' | 'expired' | 'revoked' } | null {
    const access = this.#access.get(token)
    const family = access?.family ?? this.#refresh.get(token)?.family
    if (!family) return null
    const isExpired = access !== undefined && access.endsAt <= this.#now
    return { family, state: family.isRevoked ? 'revoked' : isExpired ? 'expired' : 'good' }
  }

  /** The family of a good access token. */
  bearer(token: string): Family | null {
    const found = this.#access.has(token) ? this.look(token) : null
    return found?.state === 'good' ? found.family : null
  }
}

/** Whether the caller proved to be the client, in the header or in the body (RFC 6749 2.3.1). */
export function isClient({ basic, form }: ProviderRequest): boolean {
  const [id, secret] = basic ?? [form.get('client_id'), form.get('client_secret')]
  return id === CLIENT.id && secret === CLIENT.secret
}

/** A token endpoint of RFC 6749. */
export function tokenReply(
  grants: Grants,
  request: ProviderRequest,
  more: (family: Family) => object = () => ({}),
): Reply {
  const { form } = request
  if (!isClient(request)) return { status: 401, json: { error: 'invalid_client' } }
  const given =
    form.get('grant_type') === 'refresh_token'
      ? grants.refresh(form.get('refresh_token') ?? '')
      : grants.exchange(form.get('code') ?? '', form.get('code_verifier'), form.get('redirect_uri'))
  if (!given)
    return { status: 400, json: { error: 'invalid_grant', error_description: 'Not good, or no longer.' } }
  const { access, refresh, family } = given
  return {
    json: {
      access_token: access,
      token_type: 'Bearer',
      expires_in: given.expiresIn,
      scope: family.scopes.join(' '),
      ...(refresh ? { refresh_token: refresh } : {}),
      ...more(family),
    },
  }
}
