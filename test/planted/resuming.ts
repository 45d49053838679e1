/** Owns bugs of commands and of resuming: what is paid twice, what is done again unasked, what takes effect twice. */
import type { PlantedBug } from './bug.ts'

export const resuming: readonly PlantedBug[] = [
  {
    name: 'reuse-ignored',
    harm: 'what is finished is done again by a new run',
    edits: [
      {
        file: 'src/orchestrator/carryTask.ts',
        find: '  if (known === null) {\n',
        put: "  if (known === null || known.action.kind === 'reuse') {\n",
      },
    ],
    tests: ['test/model/resume.test.ts'],
    breaks: /\bR1\b/,
  },
  {
    name: 'missing-result-reused',
    harm: 'a plan promises a result that cannot be read any more',
    edits: [
      {
        file: 'src/core/resume/fate.ts',
        find: "  if (result.kind !== 'found') {\n",
        put: "  if (result.kind === 'none') {\n",
      },
    ],
    tests: ['test/core/resumePlan.test.ts'],
    breaks: /\bR1\b/,
  },
  {
    name: 'cut-off-call-forgotten',
    harm: 'a call that may have changed something counts as known when its run was stopped in the middle of it',
    edits: [
      {
        file: 'src/core/resume/dangling.ts',
        find: "  !inferred && (status === 'completed' || status === 'failed')\n",
        put: "  !inferred && status !== 'running'\n",
      },
    ],
    tests: ['test/core/resumeDangling.test.ts'],
    breaks: /\bR3\b/,
  },
  {
    name: 'started-again',
    harm: 'a start that a dead page had on its way is made again though its run is there',
    edits: [
      {
        file: 'src/state/commands/outbox.ts',
        find: "    case 'start':\n      return true\n",
        put: "    case 'start':\n      return false\n",
      },
    ],
    tests: ['test/state/commands.test.ts'],
    breaks: /\bO1\b/,
  },
  {
    name: 'answer-id-random',
    harm: 'a second press of the button is a second answer',
    edits: [
      {
        file: 'src/state/commands/answers.ts',
        find: 'const id = answerCommandId(record.log, record.run.attempt, name)',
        put: 'const id = answerCommandId(record.log, record.run.attempt, name + runtime.ids.next())',
      },
    ],
    tests: ['test/state/commandsAnswer.test.ts'],
    breaks: /\bO1\b/,
  },
]
