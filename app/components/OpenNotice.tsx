/** Owns saying what became of files that were opened: under way, imported, or why not. */
import type { Outcome } from '../lib/openRuns.ts'
import { ToneIcon } from './Icon.tsx'
import { ProgressBar } from './ProgressBar.tsx'

interface OpenNoticeProps {
  running: boolean
  progress: number | null
  error: string | null
  outcome: Outcome | null
  /** While the files are read; null once what is in them is being written. */
  onCancel: (() => void) | null
  onDismiss: () => void
}

/** Lines of a list that are shown; the rest is counted. */
const SHOWN = 50

export function OpenNotice({ running, progress, error, outcome, onCancel, onDismiss }: OpenNoticeProps) {
  function dismiss(): void {
    onDismiss()
    // The button goes away, and would take the place of the keyboard with it.
    document.getElementById('main')?.focus({ preventScroll: true })
  }

  return (
    <div className="open-notices">
      {running && (
        <div className="banner open-notice">
          {onCancel === null ? (
            <ProgressBar label="Importing" progress={progress} />
          ) : (
            <>
              <ProgressBar label="Reading the files" progress={null} />
              <button type="button" className="button" data-testid="cancel-open" onClick={onCancel}>
                Cancel
              </button>
            </>
          )}
        </div>
      )}
      {error !== null && (
        <div className="banner open-notice" role="alert" data-tone="bad" data-testid="open-error">
          <ToneIcon tone="bad" />
          <p>{error}</p>
          <DismissButton onDismiss={dismiss} />
        </div>
      )}
      <div role="status">
        {outcome !== null && (
          <div
            className="banner open-notice"
            data-tone={outcome.isOld ? 'quiet' : 'good'}
            data-testid="open-report"
          >
            <ToneIcon tone={outcome.isOld ? 'quiet' : 'good'} />
            <div className="open-said">
              <p>
                <strong>{outcome.headline}</strong> {outcome.asides.join(' ')}
              </p>
              {outcome.details.map(({ title, items }) => (
                <details key={title}>
                  <summary>
                    {title} ({items.length})
                  </summary>
                  <ul className="note-list">
                    {[...new Set(items)].slice(0, SHOWN).map((item) => (
                      <li key={item}>
                        <bdi>{item}</bdi>
                      </li>
                    ))}
                    {items.length > SHOWN && <li>and {items.length - SHOWN} more.</li>}
                  </ul>
                </details>
              ))}
            </div>
            <DismissButton onDismiss={dismiss} />
          </div>
        )}
      </div>
    </div>
  )
}

function DismissButton({ onDismiss }: { onDismiss: () => void }) {
  return (
    <button type="button" className="button banner-dismiss" data-testid="dismiss-open" onClick={onDismiss}>
      Dismiss
    </button>
  )
}
