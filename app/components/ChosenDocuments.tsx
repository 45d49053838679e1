/** Owns the list of chosen documents and of files that were refused, each with its reason. */
import { useEffect, useRef } from 'react'
import { formatChars } from '../lib/format.ts'
import type { DocumentChoice } from '../lib/useDocuments.ts'
import { Icon } from './Icon.tsx'

export function ChosenDocuments({ choice }: { choice: DocumentChoice }) {
  const { documents, rejected } = choice
  const refused = useRef<HTMLDivElement>(null)
  // The list may be below the window, and whoever chose a file looks at where it was chosen.
  useEffect(() => {
    refused.current?.scrollIntoView({ block: 'nearest' })
  }, [rejected])
  return (
    <>
      {documents.length > 0 && (
        <ul className="document-list" aria-label="Chosen documents">
          {documents.map(({ name, text }) => (
            <li key={name} className="document" data-testid="document">
              <Icon name="file" />
              <bdi className="document-name" title={name}>
                {name}
              </bdi>
              <span className="note">{formatChars(text.length)}</span>
              <button
                type="button"
                className="icon-button"
                aria-label={`Remove ${name}`}
                onClick={() => choice.remove(name)}
              >
                <Icon name="close" />
              </button>
            </li>
          ))}
        </ul>
      )}
      {documents.length > 1 && (
        <button type="button" className="link-button" onClick={choice.clear}>
          Remove all
        </button>
      )}
      {rejected.length > 0 && (
        <div className="rejected" role="alert" ref={refused}>
          <p className="label">Not taken</p>
          <ul>
            {rejected.map(({ name, reason }) => (
              <li key={`${name} ${reason}`} data-testid="rejected-file">
                <bdi className="document-name">{name}</bdi>
                <span className="note">{reason}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  )
}
