/**
 * Owns dropping files anywhere onto the app: they are opened as runs, with progress, and what was imported is said at
 * the top of the page. Places that take drops of their own keep them.
 */
import { useCallback, useEffect, useMemo, useState } from 'react'
import type { ReactNode } from 'react'
import { useLedgerStatus, useRunLedger, useTask } from 'run-ledger/react'
import { idOfLog, isRunLog } from 'run-ledger'
import type { LogId, RunLedgerState } from 'run-ledger'
import { useStore } from 'react-redux'
import { useLocation } from 'wouter'
import { entriesOf, filesIn } from '../lib/droppedFiles.ts'
import type { FoundFiles } from '../lib/droppedFiles.ts'
import { runHref, storageHref, workflowHref } from '../lib/links.ts'
import { CANCELLED, describeImport, readRuns } from '../lib/openRuns.ts'
import type { Outcome } from '../lib/openRuns.ts'
import type { KnownStore } from '../lib/openRunsKnown.ts'
import { readKnown } from '../lib/openRunsKnown.ts'
import { readInWorker } from '../lib/openRunsReader.ts'
import { OpenRunsContext } from '../lib/openRunsContext.ts'
import { OpenNotice } from './OpenNotice.tsx'

type Files = FoundFiles | Promise<FoundFiles>

export function DropTarget({ children }: { children: (notice: ReactNode) => ReactNode }) {
  const ledger = useRunLedger()
  const store: KnownStore = useStore<RunLedgerState>()
  const { phase } = useLedgerStatus()
  const [, navigate] = useLocation()
  const { start, reset, running, progress, error, result } = useTask<Outcome | null>()
  const [archive, setArchive] = useState<File | null>(null)
  const isReady = phase === 'ready'

  // While files are read nothing is written, and the person may still change their mind.
  const [reading, setReading] = useState<AbortController | null>(null)

  const open = useCallback(
    (files: Files) => {
      void start(async (onProgress) => {
        if (!isReady) throw new Error('The stored runs are still being read. Try again in a moment.')
        const giveUp = new AbortController()
        setReading(giveUp)
        try {
          const opened = await readRuns(await files, async (taken) => {
            const known = await readKnown(ledger, store)
            return readInWorker({ files: taken, known }, giveUp.signal)
          })
          if (giveUp.signal.aborted) return CANCELLED
          if (opened.kind === 'archive') {
            setArchive(opened.file)
            navigate(storageHref)
            return null
          }
          setReading(null)
          const { imported, leftOut } = opened
          const done = await ledger.importEvents(imported.events, onProgress)
          if (imported.opens !== null) navigate(hrefOf(imported.opens))
          return describeImport(imported, done, leftOut)
        } catch (error) {
          if (giveUp.signal.aborted) return CANCELLED
          throw error
        } finally {
          setReading(null)
        }
      })
    },
    [ledger, store, navigate, start, isReady],
  )
  const isOver = useWindowDrop(open)
  const archiveTaken = useCallback(() => setArchive(null), [])
  const value = useMemo(
    () => ({ open, busy: running, archive, archiveTaken }),
    [open, running, archive, archiveTaken],
  )

  return (
    <OpenRunsContext value={value}>
      {children(
        <OpenNotice
          running={running}
          progress={progress}
          error={error}
          outcome={result}
          onCancel={reading === null ? null : () => reading.abort()}
          onDismiss={reset}
        />,
      )}
      {isOver && (
        <div className="drop-veil" data-testid="drop-veil">
          <p>Drop to open runs of harn, or an archive</p>
        </div>
      )}
    </OpenRunsContext>
  )
}

const hrefOf = (log: LogId): string => (isRunLog(log) ? runHref(idOfLog(log)) : workflowHref(idOfLog(log)))

/** Files over the window that nothing else wants. */
function useWindowDrop(open: (files: Files) => void): boolean {
  const [over, setOver] = useState(false)
  useEffect(() => {
    const listening = new AbortController()
    const { signal } = listening
    const hasFiles = ({ dataTransfer }: DragEvent): boolean => dataTransfer?.types.includes('Files') === true
    window.addEventListener(
      'dragover',
      (event) => {
        // Who takes it before us shows so by itself.
        const isOurs = hasFiles(event) && !event.defaultPrevented
        setOver(isOurs)
        if (isOurs) event.preventDefault()
      },
      { signal },
    )
    window.addEventListener(
      'dragleave',
      ({ relatedTarget }) => {
        if (relatedTarget === null) setOver(false)
      },
      { signal },
    )
    window.addEventListener(
      'drop',
      (event) => {
        setOver(false)
        const { dataTransfer } = event
        if (dataTransfer === null || !hasFiles(event) || event.defaultPrevented) return
        event.preventDefault()
        open(dropped(dataTransfer))
      },
      { signal },
    )
    return () => listening.abort()
  }, [open])
  return over
}

/** Single files as they are, so that a large archive is not read whole; folders with all that is in them. */
function dropped({ items, files }: DataTransfer): Files {
  const entries = entriesOf(items)
  return entries.some(({ isDirectory }) => isDirectory)
    ? filesIn(entries)
    : { files: [...files], isCut: false }
}
