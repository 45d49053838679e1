/** Owns one tool call: a line of fixed height, with arguments and output underneath when opened. */
import { useId, useState } from 'react'
import type { ToolRow as ToolRowData } from 'run-ledger'
import { toolTone } from '../lib/status.ts'
import { visible } from '../lib/visible.ts'
import { Elapsed } from './Elapsed.tsx'
import { Icon, ToneIcon } from './Icon.tsx'
import { TextBlock } from './TextBlock.tsx'

interface ToolRowProps {
  call: ToolRowData
  frozen: boolean
  /** Of an attempt before the present one. */
  isEarlier: boolean
}

export function ToolRow({ call, frozen, isEarlier }: ToolRowProps) {
  const [open, setOpen] = useState(false)
  const id = useId()
  const { name, label, status, failure, args, output, startedAt, elapsedMs } = call
  const shown = status === 'running' && frozen ? 'unknown' : status
  const ended = elapsedMs === null ? (shown === 'running' ? null : startedAt) : startedAt + elapsedMs
  return (
    <li
      className="tool-row"
      data-testid="tool-row"
      data-row-id={call.id}
      data-kind={name}
      data-status={shown}
    >
      <button
        type="button"
        className="tool-line"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        <ToneIcon tone={toolTone(shown)} />
        <span className="visually-hidden">{shown}: </span>
        <span className="tool-name">{visible(name)}</span>
        <span className="tool-label">{visible(failure ?? label ?? '')}</span>
        {isEarlier && <span className="tool-attempt">earlier attempt</span>}
        {elapsedMs === null && shown !== 'running' ? (
          <span className="elapsed">—</span>
        ) : (
          <Elapsed startedAt={startedAt} endedAt={ended} />
        )}
        <Icon name="chevron" />
      </button>
      <div id={id} hidden={!open} className="tool-body">
        {open && (
          <>
            {failure !== null && <p className="note note-bad">{visible(failure)}</p>}
            {args !== null && <TextBlock label="Arguments" text={args} />}
            {output !== null && <TextBlock label="Output" text={output} />}
            {output === null && failure === null && <p className="note">No output yet.</p>}
          </>
        )}
      </div>
    </li>
  )
}
