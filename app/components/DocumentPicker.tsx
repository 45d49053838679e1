/** Owns choosing documents: drop zone, file and folder dialogs, the bundled sample, and what was chosen. */
import { useRef, useState } from 'react'
import type { ChangeEvent, DragEvent } from 'react'
import { ACCEPTED_FILES } from '../research/intake.ts'
import { sampleDocuments } from '../samples/index.ts'
import { count } from '../lib/format.ts'
import { entriesOf, filesIn, filesOf } from '../lib/droppedFiles.ts'
import type { DocumentChoice } from '../lib/useDocuments.ts'
import { ChosenDocuments } from './ChosenDocuments.tsx'

export function DocumentPicker({ choice, error }: { choice: DocumentChoice; error: string | null }) {
  const files = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  const [over, setOver] = useState(false)

  function take(event: ChangeEvent<HTMLInputElement>): void {
    const { files: list } = event.target
    if (list === null || list.length === 0) return
    void choice.addFiles(filesOf(list).files)
    // The same file may be chosen again after it was removed.
    event.target.value = ''
  }

  function drop(event: DragEvent): void {
    event.preventDefault()
    setOver(false)
    void choice.addFiles(filesIn(entriesOf(event.dataTransfer.items)).then(({ files }) => files))
  }

  return (
    <div className="documents">
      <div className="field-head">
        <span className="field-label" id="documents-label">
          Documents
        </span>
        <p className={error === null ? 'note' : 'field-error'} id="documents-note" aria-live="polite">
          {error ?? chosen(choice)}
        </p>
      </div>
      <div
        className="drop-zone"
        data-over={over}
        data-invalid={error !== null}
        role="group"
        aria-labelledby="documents-label"
        aria-describedby="documents-note"
        onDragOver={(event) => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <p>Drop text files or a folder here</p>
        <div className="drop-actions">
          <button
            type="button"
            className="button"
            aria-describedby="documents-note"
            onClick={() => files.current?.click()}
          >
            Choose files
          </button>
          <button type="button" className="button" onClick={() => folder.current?.click()}>
            Choose folder
          </button>
          <button
            type="button"
            className="button"
            data-testid="use-samples"
            onClick={() => choice.addTexts(sampleDocuments)}
          >
            Use the sample set
          </button>
        </div>
        <input
          ref={files}
          type="file"
          multiple
          hidden
          accept={ACCEPTED_FILES}
          data-testid="file-input"
          onChange={take}
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
          data-testid="folder-input"
          onChange={take}
        />
      </div>
      <ChosenDocuments choice={choice} />
    </div>
  )
}

function chosen({ reading, documents }: DocumentChoice): string {
  if (reading) return 'Reading…'
  return documents.length > 0 ? count(documents.length, 'document') : ''
}
