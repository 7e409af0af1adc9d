'use server'

import {
  AddDomainInput,
  AddSsoConnectionInput,
  EnforceSsoInput,
  PreviewSsoIssuerInput,
  PreviewSsoMetadataInput,
  SsoActiveInput,
  SsoIdInput,
  SsoPilotsInput,
  UpdateSsoConnectionInput,
} from '@/lib/core/sso-schemas'
import { checkDomain } from '@/lib/domain/domain-proofs'
import { addDomain, removeDomain } from '@/lib/domain/domains'
import {
  activateSsoConnection,
  addSsoConnection,
  removeSsoConnection,
  setSsoPilots,
} from '@/lib/domain/sso-connection-changes'
import { updateSsoConnection } from '@/lib/domain/sso-connection-edits'
import { enforceSso, previewEnforcement, unenforceSso } from '@/lib/domain/sso-enforcement'
import { previewSsoIssuer, previewSsoMetadata } from '@/lib/domain/sso-previews'
import { checkSsoMetadata } from '@/lib/domain/sso-watch'
import { action } from '@/lib/http/action'
import { openSsoTest } from '@/lib/http/sso-test'

export const addOwnDomain = action(AddDomainInput, addDomain)
export const checkOwnDomain = action(SsoIdInput, checkDomain)
export const removeOwnDomain = action(SsoIdInput, removeDomain)
export const readMetadata = action(PreviewSsoMetadataInput, previewSsoMetadata)
export const readIssuer = action(PreviewSsoIssuerInput, previewSsoIssuer)
export const addConnection = action(AddSsoConnectionInput, addSsoConnection)
export const changeConnection = action(UpdateSsoConnectionInput, updateSsoConnection)
export const activateConnection = action(SsoActiveInput, activateSsoConnection)
export const removeConnection = action(SsoIdInput, removeSsoConnection)
export const checkMetadata = action(SsoIdInput, checkSsoMetadata)
export const testConnection = action(SsoIdInput, openSsoTest)
export const savePilots = action(SsoPilotsInput, setSsoPilots)
export const lookUpEnforcement = action(SsoIdInput, previewEnforcement)
export const enforce = action(EnforceSsoInput, enforceSso)
export const stopEnforcing = action(EnforceSsoInput, unenforceSso)
