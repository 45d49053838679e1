/** Owns writing to an OpenHuman core: a message begins a conversation there. */
import { useId, useState } from 'react'
import type { FormEvent, KeyboardEvent } from 'react'
import { useLedgerStatus } from 'run-ledger/react'
import { RpcError } from 'run-ledger/sources/openHuman'
import { useLocation } from 'wouter'
import { isSendKey } from '../lib/keys.ts'
import { threadHref, workflowHref } from '../lib/links.ts'
import { useStartAtCore } from '../lib/startAtCore.ts'
import type { OpenHuman } from '../lib/sources.ts'

const SAMPLES = [
  'How do umbrella sales depend on the weather?',
  'Run the checks of the shop, and ask before you do.',
]

export function OpenHumanPanel({ openHuman }: { openHuman: OpenHuman }) {
  const [, navigate] = useLocation()
  const [text, setText] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const { write, startWorkflow } = useStartAtCore(openHuman)
  const { phase } = useLedgerStatus()
  const id = useId()

  async function hand(work: (text: string) => Promise<string>): Promise<void> {
    if (isBusy || phase !== 'ready') return
    if (text.trim() === '') {
      setError('Write something first, or choose an example.')
      return
    }
    setBusy(true)
    setError(null)
    try {
      navigate(await work(text.trim()))
    } catch (refusal) {
      setError(reasonOf(refusal))
      setBusy(false)
    }
  }

  const send = () => hand(async (message) => threadHref(await write(message)))
  const research = () => hand(async (question) => workflowHref(await startWorkflow(question)))

  function submit(event: FormEvent): void {
    event.preventDefault()
    void send()
  }

  function press(event: KeyboardEvent): void {
    if (!isSendKey(event)) return
    event.preventDefault()
    void send()
  }

  return (
    <form className="ask" onSubmit={submit} noValidate aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Write to OpenHuman</h2>
      <div className="field">
        <div className="field-head">
          <label className="field-label" htmlFor={id}>
            Message
          </label>
          <p className="field-error" id={`${id}-error`} role="alert">
            {error}
          </p>
        </div>
        <textarea
          id={id}
          rows={3}
          data-testid="openhuman-input"
          value={text}
          placeholder="What shall be done?"
          aria-invalid={error !== null}
          aria-describedby={`${id}-error`}
          onChange={({ target }) => setText(target.value)}
          onKeyDown={press}
        />
        <div className="chips" role="group" aria-label="Examples">
          {SAMPLES.map((sample) => (
            <button key={sample} type="button" className="chip-button" onClick={() => setText(sample)}>
              {sample}
            </button>
          ))}
        </div>
      </div>
      <p className="note">
        A message begins a conversation; Enter sends it. A workflow researches it in four phases.
      </p>
      <div className="ask-foot">
        <button
          type="submit"
          className="button button-primary"
          data-testid="openhuman-send"
          disabled={isBusy || phase !== 'ready'}
        >
          {isBusy ? 'Sending…' : 'Send'}
        </button>
        <button
          type="button"
          className="button"
          data-testid="openhuman-workflow"
          disabled={isBusy || phase !== 'ready'}
          onClick={() => void research()}
        >
          Start a workflow
        </button>
      </div>
    </form>
  )
}

function reasonOf(refusal: unknown): string {
  if (refusal instanceof RpcError && refusal.kind === 'unreachable')
    return `OpenHuman did not answer: ${refusal.reason}.`
  return refusal instanceof Error ? refusal.message : String(refusal)
}
