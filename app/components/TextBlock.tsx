/** Owns showing a long text: its preview at once, the whole of it when asked for. */
import { useState } from 'react'
import { useText } from 'run-ledger/react'
import type { Text } from 'run-ledger'
import { formatChars } from '../lib/format.ts'
import { visible } from '../lib/visible.ts'

export function TextBlock({ label, text }: { label: string; text: Text }) {
  const [whole, setWhole] = useState(false)
  const isCut = text.ref !== null && text.chars > text.preview.length
  return (
    <div className="text-block">
      <div className="text-block-head">
        <span className="label">{label}</span>
        {isCut && (
          <button type="button" className="link-button" onClick={() => setWhole(!whole)}>
            {whole ? 'Show the beginning only' : `Show all ${formatChars(text.chars)}`}
          </button>
        )}
      </div>
      {whole ? <WholeText text={text} /> : <pre tabIndex={0}>{visible(text.preview) || '(empty)'}</pre>}
    </div>
  )
}

function WholeText({ text }: { text: Text }) {
  const view = useText(text)
  if (view.state === 'loading') return <pre>{visible(text.preview)}</pre>
  if (view.state === 'ready') return <pre tabIndex={0}>{visible(view.text)}</pre>
  return <p className="note">The whole text is no longer stored. Only its beginning was kept.</p>
}
