/** Owns writing an archive out: the button, how far it is, and what it became. */
import { useState } from 'react'
import { useLedgerStatus, useRunLedger, useTask } from 'run-ledger/react'
import type { ArchiveScope } from 'run-ledger'
import { download, fileName, gather } from '../lib/download.ts'
import { count, formatBytes } from '../lib/format.ts'

interface ExportButtonProps {
  scope: ArchiveScope
  /** What the file is called after. */
  title: string
  label: string
  /** The outcome is told beside the button only where there is room for it. */
  quiet?: boolean
}

export function ExportButton({ scope, title, label, quiet = false }: ExportButtonProps) {
  const ledger = useRunLedger()
  const { phase } = useLedgerStatus()
  const task = useTask<{ lines: number; size: number }>()
  const [chars, setChars] = useState(0)

  function start(): void {
    setChars(0)
    void task.start(async () => {
      const { file, lines } = await gather(ledger.archive.export(scope), setChars)
      download(file, fileName(title))
      return { lines, size: file.size }
    })
  }

  const said = task.running
    ? `Reading, ${formatBytes(chars)} so far`
    : task.result !== null && `${count(task.result.lines, 'line')}, ${formatBytes(task.result.size)}`
  return (
    <div className="export">
      <button
        type="button"
        className="button"
        data-testid="export-button"
        disabled={phase !== 'ready' || task.running}
        onClick={start}
      >
        {task.running ? 'Exporting…' : label}
      </button>
      <span className={quiet ? 'visually-hidden' : 'note'} role="status" data-testid="export-said">
        {said}
      </span>
      {task.error !== null && (
        <span className="note note-bad" role="alert">
          Not exported: {task.error}
        </span>
      )}
    </div>
  )
}
