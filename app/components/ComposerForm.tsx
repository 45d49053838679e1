/** Owns the line at the foot of a conversation where a person writes. Enter sends, with Shift it breaks the line. */
import { useId, useState } from 'react'
import type { FormEvent, KeyboardEvent } from 'react'
import { isSendKey } from '../lib/keys.ts'

interface ComposerFormProps {
  label: string
  verb: string
  sending: string
  note: string
  disabled: boolean
  /** Null once it is sent; else why it was not. */
  send: (text: string) => Promise<string | null>
}

export function ComposerForm({ label, verb, sending, note, disabled, send }: ComposerFormProps) {
  const [text, setText] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const id = useId()

  async function hand(): Promise<void> {
    if (isBusy || disabled) return
    setBusy(true)
    setError(null)
    const refusal = await send(text).catch((cause: unknown) =>
      cause instanceof Error ? cause.message : String(cause),
    )
    setError(refusal)
    if (refusal === null) setText('')
    setBusy(false)
  }

  function submit(event: FormEvent): void {
    event.preventDefault()
    void hand()
  }

  function press(event: KeyboardEvent): void {
    if (!isSendKey(event)) return
    event.preventDefault()
    void hand()
  }

  return (
    <form className="composer" onSubmit={submit} noValidate>
      <label className="visually-hidden" htmlFor={id}>
        {label}
      </label>
      <div className="composer-line">
        <textarea
          id={id}
          rows={1}
          data-testid="composer-input"
          value={text}
          placeholder={label}
          aria-invalid={error !== null}
          aria-describedby={`${id}-note`}
          onChange={({ target }) => setText(target.value)}
          onKeyDown={press}
        />
        <button
          type="submit"
          className="button button-primary"
          data-testid="composer-send"
          disabled={isBusy || disabled}
        >
          {isBusy ? sending : verb}
        </button>
      </div>
      <p
        id={`${id}-note`}
        className={error === null ? 'note' : 'note note-bad'}
        role={error === null ? undefined : 'alert'}
      >
        {error ?? note}
      </p>
    </form>
  )
}
