'use server'

import { AgentIdInput, CreateAgentFormInput, ReplaceAgentFormInput } from '@/lib/core/schemas'
import { createAgentIn, deleteAgent, describeAgent } from '@/lib/domain/agents'
import { action } from '@/lib/http/action'

export const addAgent = action(CreateAgentFormInput, createAgentIn)
export const saveAgent = action(ReplaceAgentFormInput, describeAgent)
export const removeAgent = action(AgentIdInput, deleteAgent)
