/**
 * Owns the workflow `document_research` as data. The page starts it by this; the agents it names are loaded by
 * the worker only (`agents.ts`).
 */
import type { WorkflowDefinition } from 'run-ledger/orchestrator'

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
      agentIds: ['decompose'],
      dependsOn: [],
    },
    {
      name: 'research',
      description: 'Search and read, one researcher per sub-question',
      agentIds: ['researcher'],
      dependsOn: ['decompose'],
      forEach: 'decompose',
    },
    {
      name: 'cross_check',
      description: 'Compare the findings and ask where they disagree',
      agentIds: ['cross_check'],
      dependsOn: ['decompose', 'research'],
    },
    {
      name: 'synthesize',
      description: 'Write the report',
      agentIds: ['synthesize'],
      dependsOn: ['decompose', 'cross_check'],
    },
  ],
}
