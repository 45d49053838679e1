/**
 * Owns what a person can do about a run: its verbs as far as they make sense now, why one cannot be used, how far it
 * got, and what went wrong. Where more is stopped than the run itself, that is said first.
 */
import { useId, useState } from 'react'
import type { ReactNode } from 'react'
import { useRunActions } from 'run-ledger/react'
import type { RunActions } from 'run-ledger/react'
import { isRunLog, isSettled } from 'run-ledger'
import type { LogId, RunStatusName } from 'run-ledger'
import { ActionButton } from './ActionButton.tsx'
import { FollowUpForm } from './FollowUpForm.tsx'
import { StopConfirm } from './StopConfirm.tsx'

type Verb = 'pause' | 'resume' | 'retry' | 'followUp' | 'stop'

interface RunActionBarProps {
  log: LogId
  status: RunStatusName
  /** What else can be done with it, before the verbs. */
  children: ReactNode
}

export function RunActionBar({ log, status, children }: RunActionBarProps) {
  const actions = useRunActions(log)
  const [open, setOpen] = useState<'stop' | 'followUp' | null>(null)
  const id = useId()
  const { pause, resume, retry, followUp, stop, consequenceOfStop } = actions
  const shown = VERBS.filter((verb) => isShown(verb, actions, status, log))
  const said = sayingOf(shown, actions, status)
  const described = said === null ? undefined : id
  // What it would say is over when it cannot be stopped any more.
  const isAsking = open === 'stop' && stop.can && consequenceOfStop !== null
  const isWriting = open === 'followUp' && (followUp.can || followUp.pending)
  const has = (verb: Verb): boolean => shown.includes(verb)
  return (
    <div className="run-actions" data-testid="run-actions">
      <div className="run-actions-line">
        {children}
        {has('followUp') && (
          <ActionButton
            action={followUp}
            testId="follow-up-button"
            words={['Follow up', 'Sending…']}
            described={described}
            expanded={isWriting}
            onPress={() => setOpen(isWriting ? null : 'followUp')}
          />
        )}
        {has('retry') && (
          <ActionButton
            action={retry}
            testId="retry-button"
            words={['Retry', 'Retrying…']}
            described={described}
            onPress={() => void retry.run()}
          />
        )}
        {has('resume') && (
          <ActionButton
            action={resume}
            testId="resume-button"
            words={['Resume', 'Resuming…']}
            described={described}
            onPress={() => void resume.run()}
          />
        )}
        {has('pause') && (
          <ActionButton
            action={pause}
            testId="pause-button"
            words={['Pause', 'Pausing…']}
            described={described}
            onPress={() => void pause.run()}
          />
        )}
        <ActionButton
          action={stop}
          testId="stop-button"
          words={['Stop', 'Stopping…']}
          described={described}
          expanded={consequenceOfStop === null ? undefined : isAsking}
          onPress={() => {
            if (consequenceOfStop === null) void stop.run()
            else setOpen(isAsking ? null : 'stop')
          }}
        />
      </div>
      {said !== null && (
        <p
          id={id}
          className={said.isError ? 'note note-bad' : 'note'}
          {...(said.isError && { role: 'alert' })}
        >
          {said.text}
        </p>
      )}
      {isAsking && (
        <StopConfirm
          consequence={consequenceOfStop}
          onStop={() => {
            setOpen(null)
            void stop.run()
          }}
          onCancel={() => setOpen(null)}
        />
      )}
      {isWriting && <FollowUpForm action={followUp} onClose={() => setOpen(null)} />}
    </div>
  )
}

const VERBS: readonly Verb[] = ['followUp', 'retry', 'resume', 'pause', 'stop']

/** What a person would look for in this state, even where it cannot be used just now. */
const EXPECTED: Partial<Record<RunStatusName, readonly Verb[]>> = {
  running: ['pause'],
  idle: ['pause'],
  awaiting_user: ['pause'],
  paused: ['resume'],
}

function isShown(verb: Verb, actions: RunActions, status: RunStatusName, log: LogId): boolean {
  if (verb === 'stop') return true
  const { can, pending, error } = actions[verb]
  if (can || pending || error !== null) return true
  // A workflow run that lost its owner goes on by its plan, which is on the same page.
  if (!isRunLog(log) && actions.resumesByPlan) return false
  return EXPECTED[status]?.includes(verb) === true
}

/** One line: what went wrong, or why the first verb cannot be used. */
function sayingOf(
  shown: readonly Verb[],
  actions: RunActions,
  status: RunStatusName,
): { text: string; isError: boolean } | null {
  const errors = shown.flatMap((verb) => actions[verb].error ?? [])
  if (errors[0] !== undefined) return { text: errors[0], isError: true }
  // A run that is over needs no explanation next to a button nobody misses.
  if (isSettled(status)) return null
  const [reason] = shown.flatMap((verb) => (actions[verb].pending ? [] : (actions[verb].whyNot ?? [])))
  return reason === undefined ? null : { text: reason, isError: false }
}
