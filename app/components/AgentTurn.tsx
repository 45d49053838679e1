/**
 * Owns one turn of a conversation that an agent carries: what was written to it, the agents it launched, its own tool
 * calls when asked for, what it answered, and what is asked.
 */
import { useId, useState } from 'react'
import { useInbox, useLiveText, useRun } from 'run-ledger/react'
import { isSettled } from 'run-ledger'
import type { RunRecord, SubagentRow, ToolCall } from 'run-ledger'
import { Link } from 'wouter'
import { agentNameOf } from '../lib/agentName.ts'
import { count } from '../lib/format.ts'
import { runHref } from '../lib/links.ts'
import { shownStatus } from '../lib/status.ts'
import { visible } from '../lib/visible.ts'
import { endOf, RunElapsed } from './Elapsed.tsx'
import { Evidence } from './Evidence.tsx'
import { Icon } from './Icon.tsx'
import { LiveProse } from './LiveProse.tsx'
import { QuestionForm } from './QuestionForm.tsx'
import { Report } from './Report.tsx'
import { SettledQuestions } from './SettledQuestions.tsx'
import { StatusChip } from './StatusChip.tsx'
import { ThreadAgent } from './ThreadAgent.tsx'
import { ToolList } from './ToolList.tsx'

interface AgentTurnProps {
  turn: RunRecord
  /** Of the agents it launched. */
  rows: readonly SubagentRow[]
  /** Agents of earlier turns that this one goes on with. */
  resumed: readonly RunRecord[]
}

export function AgentTurn({ turn, rows, resumed }: AgentTurnProps) {
  const { log, run } = turn
  const { id, status, inferred, startedAt, prompt, output, error, reason } = run
  const { toolCalls, unconfirmed } = useRun(id)
  const live = useLiveText(id)
  const { items, answer } = useInbox()
  const name = agentNameOf(run) ?? 'an agent'
  const asking = new Set([id, ...rows.map(({ runId }) => runId)])
  const questions = items.filter(({ runId }) => asking.has(runId))
  return (
    <section
      className="turn"
      aria-label={prompt?.preview ?? `Turn of ${name}`}
      data-testid="turn"
      data-row-id={log}
      data-status={shownStatus(status, unconfirmed)}
    >
      {prompt !== null && (
        <div className="bubble">
          <p>
            <bdi>{visible(prompt.preview)}</bdi>
          </p>
        </div>
      )}
      <div className="turn-head">
        <StatusChip status={status} unconfirmed={unconfirmed} inferred={inferred} />
        <RunElapsed startedAt={startedAt} endedAt={endOf({ ...run, unconfirmed })} />
        <Link className="turn-link" href={runHref(id)}>
          Open the run
        </Link>
      </div>
      <Evidence log={log} />
      {resumed.length > 0 && <Resumed runs={resumed} />}
      <ul className="agent-list">
        {rows.map((row) => (
          <ThreadAgent key={row.id} row={row} question={null} />
        ))}
      </ul>
      {toolCalls.length > 0 && <OwnCalls calls={toolCalls} since={startedAt} frozen={unconfirmed} />}
      <SettledQuestions questions={turn.questions} />
      {!unconfirmed && status === 'running' && live !== null && <LiveProse runId={id} />}
      {output !== null && <Report text={output} heading={null} />}
      {output === null && isSettled(status) && (
        <p className="turn-ending">
          {visible(error ?? reason ?? ENDINGS[status === 'completed' ? 'unheard' : 'none'])}
        </p>
      )}
      {questions.map((each) => (
        <QuestionForm key={each.id} item={each} answer={answer} hotkeys={items.length === 1} />
      ))}
    </section>
  )
}

/** Lists do not hold answers: one that nobody here heard is not none. */
const ENDINGS = {
  unheard: 'It has answered, and nobody here heard what.',
  none: 'This turn ended without an answer.',
}

function Resumed({ runs }: { runs: readonly RunRecord[] }) {
  return (
    <p className="note">
      Goes on with{' '}
      {runs.map(({ log, run }, index) => (
        <span key={log}>
          {index > 0 && ', '}
          <Link href={runHref(run.id)}>{agentNameOf(run) ?? run.id}</Link>
        </span>
      ))}
      .
    </p>
  )
}

interface OwnCallsProps {
  calls: readonly ToolCall[]
  since: number
  frozen: boolean
}

/** Mostly what launched the agents above, so it is folded until somebody asks. */
function OwnCalls({ calls, since, frozen }: OwnCallsProps) {
  const [open, setOpen] = useState(false)
  const id = useId()
  return (
    <div className="own-calls" data-testid="own-calls">
      <button
        type="button"
        className="group-toggle"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        <Icon name="chevron" />
        {count(calls.length, 'tool call')} of its own
      </button>
      <div id={id} hidden={!open}>
        {open && <ToolList calls={calls} since={since} follow={false} frozen={frozen} />}
      </div>
    </div>
  )
}
