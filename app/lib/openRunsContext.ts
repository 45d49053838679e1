/** Owns how any part of the app hands over files to be opened as runs. */
import { createContext, useContext } from 'react'
import type { FoundFiles } from './droppedFiles.ts'

export interface OpenRuns {
  /** Opens them; what comes of it is shown at the top of the page. */
  open: (found: FoundFiles | Promise<FoundFiles>) => void
  busy: boolean
  /** An archive that waits to be looked at on the storage page. */
  archive: File | null
  archiveTaken: () => void
}

export const OpenRunsContext = createContext<OpenRuns | null>(null)

export function useOpenRuns(): OpenRuns {
  const value = useContext(OpenRunsContext)
  if (value === null) throw new Error('useOpenRuns needs a <DropTarget> above it.')
  return value
}
