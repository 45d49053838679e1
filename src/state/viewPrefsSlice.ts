/**
 * Owns view preferences, the one slice that is persisted whole. It is small and losing it costs nothing;
 * everything that matters is in the ledger.
 */
import { createSlice } from '@reduxjs/toolkit'
import type { PayloadAction } from '@reduxjs/toolkit'
import localforage from 'localforage'
import { persistReducer, REHYDRATE } from 'redux-persist'

export interface ViewPrefs {
  theme: 'system' | 'light' | 'dark'
  /** Buckets folded away in the list of runs. */
  collapsed: readonly string[]
  pinned: readonly string[]
  /** The host's own small choices. */
  choices: Readonly<Record<string, string>>
  /** When the person was last here, as far as it was noted; null before the first time. */
  leftAt: number | null
  /** `leftAt` of the visit before this one, as it was found when this one began. Of this page alone. */
  awaySince: number | null
  /** When this visit began; null before the person was seen. Of this page alone. */
  hereSince: number | null
  /** The morning view was put away. Of this page alone. */
  morningDismissed: boolean
}

const initialState: ViewPrefs = {
  theme: 'system',
  collapsed: [],
  pinned: [],
  choices: {},
  leftAt: null,
  awaySince: null,
  hereSince: null,
  morningDismissed: false,
}

/** Each page has its own. */
const NOT_KEPT: readonly (keyof ViewPrefs)[] = ['awaySince', 'hereSince', 'morningDismissed']

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
    /** The person is here now. */
    presenceNoted: (state, { payload }: PayloadAction<number>) => {
      state.leftAt = payload
      state.hereSince ??= payload
    },
    morningDismissed: (state) => {
      state.morningDismissed = true
    },
  },
  extraReducers: (builder) =>
    builder.addMatcher(isRehydrated, (state, { payload }) => {
      state.awaySince = payload?.leftAt ?? null
    }),
})

export const { themeChosen, collapseToggled, pinToggled, choiceMade, presenceNoted, morningDismissed } =
  viewPrefsSlice.actions

interface Rehydrated {
  type: typeof REHYDRATE
  key: string
  payload?: Partial<ViewPrefs>
}

/** What the last visit left behind is here. */
function isRehydrated(action: { type: string }): action is Rehydrated {
  return action.type === REHYDRATE && (action as Rehydrated).key === 'viewPrefs'
}

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
      blacklist: [...NOT_KEPT],
      timeout: 0,
      writeFailHandler: onWriteFailure,
    },
    viewPrefsSlice.reducer,
  )
}
