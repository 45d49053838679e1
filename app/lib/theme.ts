/**
 * Owns how the chosen theme reaches the page. The preference is in the store; a copy in localStorage lets
 * index.html paint the right one at once.
 */
import { useEffect } from 'react'
import { useViewPrefs } from 'run-ledger/react'

const KEY = 'run-ledger-theme'

export function useTheme(): void {
  const { theme } = useViewPrefs()
  const loaded = useViewPrefsLoaded()
  useEffect(() => {
    // Before the preference is loaded, the copy is the better guess.
    if (!loaded) return
    document.documentElement.dataset['theme'] = theme
    try {
      localStorage.setItem(KEY, theme)
    } catch {
      // Blocked storage costs a flash at the next start, nothing else.
    }
  }, [theme, loaded])
}

/** redux-persist marks the slice once it has read the disk. */
function useViewPrefsLoaded(): boolean {
  const prefs: object = useViewPrefs()
  if (!('_persist' in prefs)) return false
  const { _persist: persisted } = prefs
  return typeof persisted === 'object' && persisted !== null && 'rehydrated' in persisted
    ? persisted.rehydrated === true
    : false
}
