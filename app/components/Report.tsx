/** Owns the report of a workflow run: read whole from the ledger, shown as elements, copied as Markdown. */
import { useState } from 'react'
import { useText } from 'run-ledger/react'
import type { RunRecord, Text, WorkflowRun } from 'run-ledger'
import { Markdown } from '../markdown/Markdown.tsx'
import { Skeleton } from './Skeleton.tsx'

/** The workflow's own result, or what its agents kept as report before it ended. */
export function reportOf({ output }: Pick<WorkflowRun, 'output'>, runs: readonly RunRecord[]): Text | null {
  if (output !== null) return output
  const artifacts = runs.flatMap(({ run }) => run.artifacts)
  return artifacts.findLast(({ mediaType }) => mediaType === 'text/markdown')?.content ?? null
}

export function Report({ text, heading = 'Report' }: { text: Text; heading?: string | null }) {
  const view = useText(text)
  return (
    <article className="report" data-testid="report" data-state={view.state}>
      <div className="section-head">
        {heading !== null && <h2>{heading}</h2>}
        {view.state === 'ready' && <CopyButton text={view.text} />}
      </div>
      {view.state === 'loading' && <Skeleton lines={8} label="Loading the report" />}
      {view.state === 'missing' && (
        <p className="note note-bad">The report is no longer stored. Its summary and events remain below.</p>
      )}
      {view.state === 'ready' && <Markdown text={view.text} untitled />}
    </article>
  )
}

function CopyButton({ text }: { text: string }) {
  const [said, setSaid] = useState('Copy as Markdown')
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(text)
      setSaid('Copied')
    } catch {
      setSaid('The browser refused to copy')
    }
  }
  return (
    <button type="button" className="link-button" onClick={copy} aria-live="polite">
      {said}
    </button>
  )
}
