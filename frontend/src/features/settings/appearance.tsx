import { type Preferences, setPreferences, usePreferences } from "@/lib/preferences";

const THEMES: { value: Preferences["theme"]; label: string }[] = [
  { value: "system", label: "As the system" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];

export function Appearance() {
  const { theme } = usePreferences();
  return (
    <fieldset className="flex flex-wrap gap-x-6 gap-y-2 text-sm">
      <legend className="sr-only">Theme</legend>
      {THEMES.map(({ value, label }) => (
        <label key={value} className="flex items-center gap-2 pointer-coarse:min-h-11">
          <input
            type="radio"
            name="theme"
            className="size-4 accent-(--accent)"
            checked={theme === value}
            onChange={() => setPreferences({ theme: value })}
          />
          {label}
        </label>
      ))}
    </fieldset>
  );
}

export function SingleKeys() {
  const { singleKeys } = usePreferences();
  return (
    <label className="mb-5 flex items-start gap-2 text-sm">
      <input
        type="checkbox"
        className="mt-0.5 size-4 accent-(--accent)"
        checked={singleKeys}
        onChange={(event) => setPreferences({ singleKeys: event.target.checked })}
      />
      <span>
        Use shortcuts of a single key
        <span className="block text-muted">
          Switch this off if you dictate or if keys are pressed by accident. Keys with Ctrl or Cmd go on
          working.
        </span>
      </span>
    </label>
  );
}
