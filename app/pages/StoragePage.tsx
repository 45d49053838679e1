/** Owns the page about what is stored: how much, deleting old runs, writing everything out, taking an archive in. */
import { useState } from 'react'
import { useStorageReport } from 'run-ledger/react'
import { ExportButton } from '../components/ExportButton.tsx'
import { ImportPanel } from '../components/ImportPanel.tsx'
import { PageTitle } from '../components/PageTitle.tsx'
import { RetentionPanel } from '../components/RetentionPanel.tsx'
import { Skeleton } from '../components/Skeleton.tsx'
import { VerifyPanel } from '../components/VerifyPanel.tsx'
import { StorageFacts } from '../components/StorageFacts.tsx'

export function StoragePage() {
  const { report, error, refresh } = useStorageReport()
  const [contents, setContents] = useState(true)
  const isEmpty = report !== null && report.counts.events === 0
  return (
    <div className="storage-page" data-testid="storage-page">
      <PageTitle title="Storage" />
      <h1>Storage</h1>
      <div className="storage-column">
        <section className="panel" aria-labelledby="stored-title">
          <h2 id="stored-title">What is stored</h2>
          {error !== null && (
            <p className="note note-bad" role="alert">
              The stored runs cannot be read: {error}
            </p>
          )}
          {report !== null ? (
            <StorageFacts report={report} refresh={refresh} />
          ) : (
            error === null && <Skeleton lines={6} label="Reading" />
          )}
        </section>
        <section className="panel" aria-labelledby="verify-title">
          <h2 id="verify-title">Check</h2>
          <p className="note">
            Reads every event in every copy. What is damaged in one copy is put right from the other. Close
            other tabs first.
          </p>
          <VerifyPanel onVerified={refresh} />
        </section>
        <section className="panel" aria-labelledby="delete-title">
          <h2 id="delete-title">Delete old runs</h2>
          {isEmpty ? (
            <p className="note">There are no runs to delete.</p>
          ) : (
            <>
              <p className="note">
                Nothing is ever deleted by itself. Runs that have not ended, wait for you or are pinned always
                stay.
              </p>
              <RetentionPanel onDeleted={refresh} />
            </>
          )}
        </section>
      </div>
      <div className="storage-column">
        <section className="panel" aria-labelledby="export-title">
          <h2 id="export-title">Export</h2>
          <p className="note">
            One file with every run, its events and results, a line each. It can be read by other tools, and
            imported here or in another browser.
          </p>
          {isEmpty ? (
            <p className="note" data-testid="nothing-to-export">
              There are no runs to export yet.
            </p>
          ) : (
            <>
              <label className="switch">
                <input
                  type="checkbox"
                  checked={contents}
                  onChange={({ target }) => setContents(target.checked)}
                />
                With documents, prompts and long tool output
              </label>
              <ExportButton scope={{ contents }} title="all runs" label="Export everything" />
            </>
          )}
        </section>
        <section className="panel" aria-labelledby="import-title">
          <h2 id="import-title">Import</h2>
          <p className="note">
            You see what an archive would add before anything is written. What is here is never changed or
            replaced.
          </p>
          <ImportPanel onImported={refresh} />
        </section>
      </div>
    </div>
  )
}
