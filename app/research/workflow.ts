/**
 * Owns the workflow `document_research`: its phase graph and the agents it names.
 */
import type { Agent, WorkflowDefinition } from 'run-ledger/orchestrator'
import { crossCheck } from './crossCheck.ts'
import { decompose } from './decompose.ts'
import { researcher } from './researcher.ts'
import { synthesize } from './synthesize.ts'

export const researchAgents: readonly Agent[] = [decompose, researcher, crossCheck, synthesize]

export const documentResearch: WorkflowDefinition = {
  id: 'document_research',
  name: 'Document research',
  description: 'Answers a question from documents, with citations',
  concurrency: 3,
  maxChildren: 12,
  phases: [
    {
      name: 'decompose',
      description: 'Split the question into sub-questions',
      agentIds: [decompose.id],
      dependsOn: [],
    },
    {
      name: 'research',
      description: 'Search and read, one researcher per sub-question',
      agentIds: [researcher.id],
      dependsOn: ['decompose'],
      forEach: 'decompose',
    },
    {
      name: 'cross_check',
      description: 'Compare the findings and ask where they disagree',
      agentIds: [crossCheck.id],
      dependsOn: ['decompose', 'research'],
    },
    {
      name: 'synthesize',
      description: 'Write the report',
      agentIds: [synthesize.id],
      dependsOn: ['decompose', 'cross_check'],
    },
  ],
}
