/**
 * Owns the one inbox as components see it: every open question with its age, whether it can be answered just now, and
 * how far an answer got.
 */
import { useCallback, useMemo, useState } from 'react'
import { useSelector } from 'react-redux'
import type { RunCommand } from '../core/commands.ts'
import type { Json } from '../core/entities.ts'
import { whyNot } from '../core/permissions.ts'
import type { Ownership } from '../core/permissions.ts'
import { selectInbox } from '../state/selectors/inbox.ts'
import type { InboxQuestion } from '../state/selectors/inbox.ts'
import type { RunLedgerState } from '../state/selectors/selectors.ts'
import { useNow } from './clock.ts'
import { useRunLedger } from './context.tsx'
import { useCircumstances } from './standing.ts'

export interface InboxItem extends InboxQuestion {
  ageMs: number
  /** Time left to answer; 0 when it is over, null when there is no hurry. */
  expiresInMs: number | null
  canAnswer: boolean
  /** Why it cannot be answered, for the person; null when it can. */
  whyNot: string | null
  /** What becomes of an answer where nobody waits for it; as a sentence. Null when its owner is there, or away. */
  orphaned: string | null
  /** An answer is on its way. */
  isPending: boolean
  /** The answer waits for somebody; as a sentence. Null when none does. */
  queued: string | null
  /** Why the last answer was not taken. */
  error: string | null
}

export interface InboxView {
  state: 'loading' | 'ready'
  /** Oldest first. */
  items: readonly InboxItem[]
  /** Resolves with the command, or null when it was not sent: its item says why. */
  answer: (item: Pick<InboxItem, 'id' | 'log' | 'question'>, value: Json) => Promise<RunCommand | null>
}

const LOOK_MS = 5_000

/** Every open question of every run and thread. */
export function useInbox(): InboxView {
  const isReady = useSelector((state: RunLedgerState) => state.ledger.phase === 'ready')
  const questions = useSelector(selectInbox)
  const logs = useMemo(() => [...new Set(questions.map(({ log }) => log))], [questions])
  const circumstances = useCircumstances(logs)
  const now = useNow(questions.length === 0 ? null : LOOK_MS)
  const { sent, answer } = useAnswers()
  const items = useMemo(() => {
    const byLog = new Map(logs.map((log, index) => [log, circumstances[index]]))
    return questions.map((each): InboxItem => {
      const known = byLog.get(each.log)
      const { askedAt, expiresAt } = each.question
      const refusal =
        known === undefined
          ? 'Still loading.'
          : whyNot('answer', { ...known, openQuestions: [each.question], now })
      const own = sent.get(each.id)
      return {
        ...each,
        ageMs: Math.max(0, now - askedAt),
        expiresInMs: expiresAt === null ? null : Math.max(0, expiresAt - now),
        canAnswer: refusal === null,
        whyNot: refusal,
        orphaned: refusal === null && known?.ownership === 'gone' ? ORPHANED : null,
        isPending: each.pending !== null || own?.isSending === true,
        queued: each.pending?.state === 'queued' ? queuedSentence(each.pending, known?.ownership) : null,
        error: own?.error ?? null,
      }
    })
  }, [questions, logs, circumstances, now, sent])
  return { state: isReady ? 'ready' : 'loading', items, answer }
}

const ORPHANED = 'Its owner is gone; with an answer it goes on from its checkpoint.'

function queuedSentence({ detail }: RunCommand, ownership: Ownership | undefined): string {
  const why =
    ownership === 'gone'
      ? 'Queued: its owner is gone, and it goes on from its checkpoint once somebody takes it on.'
      : 'Queued: its owner is away.'
  return detail === null ? why : `${why} ${detail}`
}

interface Sent {
  isSending: boolean
  error: string | null
}

/** What became of the answers given here. */
function useAnswers(): { sent: ReadonlyMap<string, Sent>; answer: InboxView['answer'] } {
  const ledger = useRunLedger()
  const [sent, setSent] = useState<ReadonlyMap<string, Sent>>(() => new Map())
  const answer = useCallback<InboxView['answer']>(
    async ({ id, log, question }, value) => {
      const note = (entry: Sent): void => setSent((before) => new Map(before).set(id, entry))
      note({ isSending: true, error: null })
      try {
        const payload = { questionId: question.questionId, answer: value }
        const command = await ledger.send({ log, verb: 'answer', payload })
        const isRefused = command.state === 'rejected' || command.state === 'unknown'
        note({ isSending: false, error: isRefused ? command.detail : null })
        return command
      } catch (error) {
        note({ isSending: false, error: error instanceof Error ? error.message : String(error) })
        return null
      }
    },
    [ledger],
  )
  return { sent, answer }
}
