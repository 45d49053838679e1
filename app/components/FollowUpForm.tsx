/** Owns saying more to a run: to one at work at once, to one that is done as a new attempt. */
import { useEffect, useId, useRef, useState } from 'react'
import type { FormEvent } from 'react'
import type { RunActions } from 'run-ledger/react'

interface FollowUpFormProps {
  action: RunActions['followUp']
  onClose: () => void
}

export function FollowUpForm({ action, onClose }: FollowUpFormProps) {
  const [text, setText] = useState('')
  const field = useRef<HTMLTextAreaElement>(null)
  const id = useId()
  useEffect(() => field.current?.focus(), [])

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    if (text.trim() === '' || !action.can || action.pending) return
    const command = await action.run(text.trim())
    const isTaken = command !== null && command.state !== 'rejected' && command.state !== 'unknown'
    if (isTaken) onClose()
  }

  return (
    <form
      className="action-panel"
      data-testid="follow-up"
      onSubmit={submit}
      onKeyDown={({ key }) => key === 'Escape' && onClose()}
    >
      <label htmlFor={id}>What should it look into as well?</label>
      <textarea
        id={id}
        rows={2}
        ref={field}
        value={text}
        data-testid="follow-up-text"
        onChange={({ target }) => setText(target.value)}
      />
      <div className="action-panel-foot">
        <button
          type="submit"
          className="button button-primary"
          data-testid="follow-up-send"
          disabled={text.trim() === '' || !action.can || action.pending}
        >
          {action.pending ? 'Sending…' : 'Send'}
        </button>
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
      </div>
    </form>
  )
}
