import { Keys } from "@/components/ui/keys";
import { COMMANDS } from "@/lib/commands/catalogue";

const groups = [...new Set(COMMANDS.map((command) => command.group))];

/** Every command that has keys, by group. */
export function ShortcutList() {
  return (
    <div className="gap-x-10 sm:columns-2">
      {groups.map((group) => (
        <section key={group} className="mb-5 break-inside-avoid">
          <h3 className="eyebrow border-b border-rule pb-1">{group}</h3>
          <dl>
            {COMMANDS.filter((command) => command.group === group && command.keys.length > 0).map(
              (command) => (
                <div key={command.id} className="flex items-center justify-between gap-4 py-1.5 text-sm">
                  <dt>{command.title}</dt>
                  <dd className="flex items-center gap-2">
                    {command.keys.map((keys) => (
                      <Keys key={keys} keys={keys} />
                    ))}
                  </dd>
                </div>
              ),
            )}
          </dl>
        </section>
      ))}
    </div>
  );
}
