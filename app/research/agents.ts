/** Owns which agents the worker serves: those that the workflow `document_research` names. */
import type { Agent } from 'run-ledger/orchestrator'
import { crossCheck } from './crossCheck.ts'
import { decompose } from './decompose.ts'
import { researcher } from './researcher.ts'
import { synthesize } from './synthesize.ts'

export const researchAgents: readonly Agent[] = [decompose, researcher, crossCheck, synthesize]
