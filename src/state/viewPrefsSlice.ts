/**
 * Owns view preferences, the one slice that is persisted whole. It is small and losing it costs nothing;
 * everything that matters is in the ledger.
 */
import { createSlice } from '@reduxjs/toolkit'
import type { PayloadAction } from '@reduxjs/toolkit'
import localforage from 'localforage'
import { persistReducer } from 'redux-persist'

export interface ViewPrefs {
  theme: 'system' | 'light' | 'dark'
  /** Buckets folded away in the list of runs. */
  collapsed: readonly string[]
  pinned: readonly string[]
  /** The host's own small choices. */
  choices: Readonly<Record<string, string>>
}

const initialState: ViewPrefs = { theme: 'system', collapsed: [], pinned: [], choices: {} }

export const viewPrefsSlice = createSlice({
  name: 'viewPrefs',
  initialState,
  reducers: {
    themeChosen: (state, { payload }: PayloadAction<ViewPrefs['theme']>) => {
      state.theme = payload
    },
    collapseToggled: (state, { payload }: PayloadAction<string>) => {
      state.collapsed = toggled(state.collapsed, payload)
    },
    pinToggled: (state, { payload }: PayloadAction<string>) => {
      state.pinned = toggled(state.pinned, payload)
    },
    choiceMade: (state, { payload }: PayloadAction<{ name: string; value: string }>) => {
      state.choices = { ...state.choices, [payload.name]: payload.value }
    },
  },
})

export const { themeChosen, collapseToggled, pinToggled, choiceMade } = viewPrefsSlice.actions

function toggled(values: readonly string[], value: string): string[] {
  return values.includes(value) ? values.filter((each) => each !== value) : [...values, value]
}

/**
 * redux-persist on localForage. Two defaults are switched: `timeout: 0`, because its five seconds replace
 * saved data by the initial state when the disk is slow, and a write failure is reported, not swallowed.
 */
export function persistedViewPrefs(scope: string, onWriteFailure: (error: unknown) => void) {
  const storage = localforage.createInstance({ name: `run-ledger-prefs:${scope}`, storeName: 'prefs' })
  return persistReducer(
    {
      key: 'viewPrefs',
      storage: {
        getItem: (key: string) => storage.getItem<string>(key),
        setItem: (key: string, value: string) => storage.setItem(key, value),
        removeItem: (key: string) => storage.removeItem(key),
      },
      timeout: 0,
      writeFailHandler: onWriteFailure,
    },
    viewPrefsSlice.reducer,
  )
}
