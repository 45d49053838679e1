/** Owns the workflow under test: twelve children over four phases, one of which asks a person. */
import type { WorkflowDefinition } from 'run-ledger/orchestrator'

export const ITEMS = ['ash', 'birch', 'cedar', 'elm', 'fir', 'hazel', 'larch', 'oak'] as const
/** Planner, researchers, checker and arbiter, reporter. */
export const CHILDREN = 1 + ITEMS.length + 2 + 1

export const QUESTION = 'Which trees keep their leaves?'
export const ANSWER = 'conifers'

export const definition: WorkflowDefinition = {
  id: 'trees',
  name: 'Trees',
  description: 'Looks into eight trees, checks, asks, and reports.',
  phases: [
    { name: 'plan', description: 'Names the trees.', agentIds: ['planner'], dependsOn: [] },
    {
      name: 'research',
      description: 'Looks into each.',
      agentIds: ['researcher'],
      dependsOn: ['plan'],
      forEach: 'plan',
    },
    {
      name: 'check',
      description: 'Compares, and asks.',
      agentIds: ['checker', 'arbiter'],
      dependsOn: ['research'],
    },
    { name: 'report', description: 'Says it.', agentIds: ['reporter'], dependsOn: ['check'] },
  ],
  concurrency: 3,
  maxChildren: CHILDREN,
}

/** What a whole run says, whatever happened to it on the way. */
export const REPORT = [
  ...ITEMS.map((item) => `${item}: ${item} is a tree`),
  `checked: ${ITEMS.length}`,
  `verdict: ${ANSWER}`,
].join('\n')
