/** Owns the course of a workflow: its phases as a rail, and under each the agents it launched. */
import type { Phase, RunRecord, RunStatusName, WorkflowRun } from 'run-ledger'
import { questionIn } from '../lib/researchInput.ts'
import { phaseWords, shownPhaseStatus } from '../lib/status.ts'
import { AgentRun } from './AgentRun.tsx'
import { ToneIcon } from './Icon.tsx'

interface WorkListProps {
  workflow: WorkflowRun
  runs: readonly RunRecord[]
  unconfirmed: boolean
}

export function WorkList({ workflow, runs, unconfirmed }: WorkListProps) {
  const question = questionIn(workflow.input)
  const names = new Set(workflow.phases.map(({ name }) => name))
  const others = runs.filter(({ run }) => run.phase === null || !names.has(run.phase))
  return (
    <ol className="phases">
      {workflow.phases.map((phase) => (
        <PhaseItem
          key={phase.name}
          workflow={workflow.status}
          unconfirmed={unconfirmed}
          question={question}
          phase={phase}
          runs={runs.filter(({ run }) => run.phase === phase.name)}
        />
      ))}
      {others.length > 0 && (
        <li className="phase" data-tone="quiet">
          <ul className="agent-list">
            {others.map((child) => (
              <AgentRun key={child.log} child={child} question={question} />
            ))}
          </ul>
        </li>
      )}
    </ol>
  )
}

interface PhaseItemProps {
  workflow: RunStatusName
  phase: Phase
  runs: readonly RunRecord[]
  question: string | null
  unconfirmed: boolean
}

function PhaseItem({ workflow, phase, runs, question, unconfirmed }: PhaseItemProps) {
  const { name, description, reason } = phase
  const statuses = runs.map(({ run }) => run.status)
  const status = shownPhaseStatus(phase.status, { unconfirmed, workflow, runs: statuses })
  const { label, tone } = phaseWords(status)
  return (
    <li className="phase" data-testid="phase" data-status={status} data-tone={tone}>
      <div className="phase-head">
        <span className="phase-dot">{status !== 'pending' && <ToneIcon tone={tone} />}</span>
        <h3>{phaseName(name)}</h3>
        <span className="phase-status">{label}</span>
      </div>
      <p className="phase-description">{reason ?? description}</p>
      {runs.length > 0 && (
        <ul className="agent-list">
          {runs.map((child) => (
            <AgentRun key={child.log} child={child} question={question} />
          ))}
        </ul>
      )}
    </li>
  )
}

/** Phase names are identifiers; people read words. */
export function phaseName(name: string): string {
  const words = name.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
