'use server'

import { ConfigureAgentInput } from '@/lib/core/agent-form'
import { AgentIdInput, CreateAgentFormInput } from '@/lib/core/schemas'
import { createAgentIn, deleteAgent, replaceAgent } from '@/lib/domain/agents'
import { action } from '@/lib/http/action'

export const addAgent = action(CreateAgentFormInput, createAgentIn)
export const saveAgent = action(ConfigureAgentInput, replaceAgent)
export const removeAgent = action(AgentIdInput, deleteAgent)
