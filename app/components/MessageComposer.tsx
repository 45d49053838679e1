/**
 * Owns writing on in a conversation with OpenHuman. A message is a follow-up of the latest turn: it is in the outbox
 * before it is sent.
 */
import { useRunActions } from 'run-ledger/react'
import type { LogId } from 'run-ledger'
import { ComposerForm } from './ComposerForm.tsx'

export function MessageComposer({ latest }: { latest: LogId }) {
  const { can, whyNot, pending, run } = useRunActions(latest).followUp

  async function send(text: string): Promise<string | null> {
    if (text.trim() === '') return 'Write something first.'
    const command = await run(text.trim())
    if (command === null) return 'The message could not be sent.'
    const isRefused = command.state === 'rejected' || command.state === 'unknown'
    return isRefused ? (command.detail ?? 'The message was not taken.') : null
  }

  return (
    <ComposerForm
      label="Write a message"
      verb="Send"
      sending="Sending…"
      note={pending ? 'Queued: it is sent once OpenHuman is reached.' : (whyNot ?? 'Enter sends.')}
      disabled={!can || pending}
      send={send}
    />
  )
}
