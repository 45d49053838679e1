/**
 * Owns taking runs in from files: an archive, with what it would change and the import itself; what is of harn is opened
 * as if it had been dropped onto the app.
 */
import { useEffect, useEffectEvent, useRef, useState } from 'react'
import type { DragEvent, ReactNode } from 'react'
import { useLedgerStatus, useRunLedger, useTask } from 'run-ledger/react'
import type { ArchiveDiff, ImportResult } from 'run-ledger'
import { entriesOf, filesIn, filesOf } from '../lib/droppedFiles.ts'
import { count, formatBytes } from '../lib/format.ts'
import { OPEN_LIMITS, RUN_FILES } from '../lib/openRuns.ts'
import { useOpenRuns } from '../lib/openRunsContext.ts'
import { ProgressBar } from './ProgressBar.tsx'

export function ImportPanel({ onImported }: { onImported: () => void }) {
  const ledger = useRunLedger()
  const { phase } = useLedgerStatus()
  const inspecting = useTask<ArchiveDiff>()
  const importing = useTask<ImportResult>()
  const [file, setFile] = useState<File | null>(null)
  const [over, setOver] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  const { open, busy, archive, archiveTaken } = useOpenRuns()
  const isBusy = inspecting.running || importing.running || busy

  function inspect(chosen: File | undefined): void {
    if (chosen === undefined || isBusy || phase !== 'ready') return
    importing.reset()
    setFile(chosen)
    void inspecting.start((onProgress) => ledger.archive.inspect(chosen, onProgress))
  }

  // Dropped somewhere else in the app, and handed on.
  const takeOver = useEffectEvent((handed: File) => {
    archiveTaken()
    inspect(handed)
  })
  useEffect(() => {
    if (archive !== null && phase === 'ready' && !busy) void Promise.resolve(archive).then(takeOver)
  }, [archive, phase, busy])

  /** What is of harn is imported; an archive comes back to be looked at here; all else is refused at the top. */
  function choose(chosen: readonly File[]): void {
    if (chosen.length > 0 && !isBusy) open({ files: chosen, isCut: false })
  }

  function drop(event: DragEvent): void {
    event.preventDefault()
    setOver(false)
    const entries = entriesOf(event.dataTransfer.items)
    if (entries.some(({ isDirectory }) => isDirectory)) open(filesIn(entries))
    else choose([...event.dataTransfer.files])
  }

  async function take(chosen: File): Promise<void> {
    inspecting.reset()
    await importing.start((onProgress) => ledger.archive.import(chosen, onProgress))
    onImported()
  }

  const error = inspecting.error ?? importing.error
  return (
    <>
      <div
        className="drop-zone"
        data-over={over}
        data-invalid={error !== null}
        data-testid="import-drop"
        role="group"
        aria-label="Files to import"
        onDragOver={(event) => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <p>Drop an archive, or files of harn, here</p>
        <p className="note">
          Files of harn (at most {formatBytes(OPEN_LIMITS.fileBytes)} each) are imported at once and opened.
        </p>
        <div className="drop-actions">
          <button
            type="button"
            className="button"
            data-testid="import-choose"
            disabled={isBusy || phase !== 'ready'}
            onClick={() => input.current?.click()}
          >
            Choose a file
          </button>
          <button
            type="button"
            className="button"
            data-testid="import-choose-folder"
            disabled={isBusy || phase !== 'ready'}
            onClick={() => folder.current?.click()}
          >
            Choose a folder of harn
          </button>
        </div>
        <input
          ref={input}
          type="file"
          hidden
          multiple
          accept={RUN_FILES}
          data-testid="import-input"
          onChange={({ target }) => {
            choose([...(target.files ?? [])])
            // The same file may be chosen again.
            target.value = ''
          }}
        />
        <input
          ref={(input) => {
            folder.current = input
            // React's types do not know the attribute, browsers do.
            input?.setAttribute('webkitdirectory', '')
          }}
          type="file"
          multiple
          hidden
          data-testid="import-folder-input"
          onChange={({ target }) => {
            if (target.files !== null && target.files.length > 0) open(filesOf(target.files))
            target.value = ''
          }}
        />
      </div>
      {error !== null && (
        <p className="note note-bad" role="alert" data-testid="import-error">
          {file !== null && <bdi>{file.name}: </bdi>}
          {error}
        </p>
      )}
      {inspecting.running && <ProgressBar label="Reading the archive" progress={inspecting.progress} />}
      {importing.running && <ProgressBar label="Importing" progress={importing.progress} />}
      <div role="status">
        {inspecting.result !== null && file !== null && (
          <Diff
            file={file}
            diff={inspecting.result}
            onImport={() => void take(file)}
            onCancel={inspecting.reset}
          />
        )}
        {importing.result !== null && <Result result={importing.result} />}
      </div>
    </>
  )
}

interface DiffProps {
  file: File
  diff: ArchiveDiff
  onImport: () => void
  onCancel: () => void
}

function Diff({ file, diff, onImport, onCancel }: DiffProps) {
  const { logs, texts, refused, complete } = diff
  const of = (verdict: ArchiveDiff['logs'][number]['verdict']) =>
    logs.filter((each) => each.verdict === verdict)
  const [fresh, grown, same, differing] = [of('new'), of('grows'), of('same'), of('differs')]
  const events = logs.reduce((sum, { adds }) => sum + adds, 0)
  const adds = events > 0 || texts.adds > 0 || diff.commands.adds > 0
  return (
    <div className="storage-outcome" data-testid="import-diff">
      <p>
        <bdi>
          <strong>{file.name}</strong>
        </bdi>
        , {formatBytes(file.size)}. Nothing has been written yet.
      </p>
      <dl className="facts">
        <Line name="New">{fresh.length > 0 && count(fresh.length, 'run')}</Line>
        <Line name="Continued">
          {grown.length > 0 && `${count(grown.length, 'run')} that end earlier here`}
        </Line>
        <Line name="Added in all">{adds && `${count(events, 'event')}, ${count(texts.adds, 'text')}`}</Line>
        <Line name="Here already">{same.length > 0 && count(same.length, 'run')}</Line>
        <Line name="Different here">
          {differing.length > 0 && (
            <>
              {count(differing.length, 'run')}, left as {differing.length === 1 ? 'it is' : 'they are'}:{' '}
              {differing
                .slice(0, 5)
                .map(({ log, differsAt }) => `${log} from event ${differsAt}`)
                .join(', ')}
              {differing.length > 5 && ' …'}
            </>
          )}
        </Line>
        <Line name="Cannot be used">
          {refused.count > 0 && (
            <>
              {count(refused.count, 'line')}
              <span className="refused-lines">
                {refused.first.slice(0, 5).map(({ line, reason }) => (
                  <span key={`${line} ${reason}`}>{reason}</span>
                ))}
              </span>
            </>
          )}
        </Line>
        <Line name="Cut off">
          {!complete && 'The file ends before the archive does. What is there can be imported.'}
        </Line>
      </dl>
      <div className="storage-actions">
        <button
          type="button"
          className="button button-primary"
          data-testid="import-button"
          disabled={!adds}
          onClick={onImport}
        >
          {adds ? `Import ${count(events, 'event')}` : 'Nothing to import'}
        </button>
        <button type="button" className="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </div>
  )
}

function Line({ name, children }: { name: string; children: ReactNode }) {
  if (children === false) return null
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function Result({ result }: { result: ImportResult }) {
  const { added, grown, events, texts, interrupted, differing, refused, movedOn } = result
  const asides = [
    interrupted > 0 &&
      `${count(interrupted, 'run')} had not ended when archived and ${interrupted === 1 ? 'is' : 'are'} now marked as interrupted`,
    differing > 0 && `${count(differing, 'run')} left as ${differing === 1 ? 'it is' : 'they are'}`,
    movedOn.length > 0 && `${count(movedOn.length, 'run')} changed meanwhile and not completed`,
    refused > 0 && `${count(refused, 'line')} refused and kept in quarantine`,
  ].filter((aside) => aside !== false)
  return (
    <div className="storage-outcome" data-testid="import-result">
      <p>
        <strong>
          {events === 0 ? 'Everything was here already.' : `${count(events, 'event')} imported`}
        </strong>
        {events > 0 && `: ${count(added, 'new run')}, ${grown} continued, ${count(texts, 'text')}.`}
      </p>
      {asides.length > 0 && (
        <ul className="note-list">
          {asides.map((aside) => (
            <li key={aside}>{aside}.</li>
          ))}
        </ul>
      )}
    </div>
  )
}
