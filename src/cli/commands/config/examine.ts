import { type Examined, examineConfiguration } from "../../../config/examine.ts";
import { settingText } from "../../../config/render/value.ts";
import type { Origin, Setting } from "../../../config/settings.ts";
import { list } from "../../args/flags.ts";
import { type KeyValue, parseAnnotation } from "../../args/values.ts";
import { absolutePath, type CommandContext } from "../../context.ts";

/** `--annotation`, which several commands take. */
export const annotationFlag = list(parseAnnotation, {
  placeholder: "NAME=VALUE",
  help: "As for a pod with this annotation; may be repeated",
});

/** What a command examines. */
export interface ExamineOptions {
  /** The configuration file; absent: the one of `--config`, or else the one that a start would take. */
  readonly file?: string;
  readonly annotations?: readonly KeyValue[];
  /** Whether files that the configuration names are looked at, too. */
  readonly hostFiles?: boolean;
}

/** Examines a configuration. Throws KataError `not-found` when there is none. */
export function examine({ global, sys }: CommandContext, options: ExamineOptions = {}): Examined {
  const { annotations = [], hostFiles = false } = options;
  const path = options.file === undefined ? global.config : absolutePath(sys, options.file);
  return examineConfiguration(
    { sys },
    {
      ...(path === undefined ? {} : { path }),
      annotations: Object.fromEntries(annotations.map(({ key, value }) => [key, value])),
      hostFiles,
    },
  );
}

/** Where a value comes from, short enough to stand behind it: `configuration.toml:118`, `config.d/10-x.toml:3`, `default`. */
export function originText(origin: Origin): string {
  switch (origin.kind) {
    case "default":
      return "default";
    case "annotation":
      return `annotation ${origin.name}`;
    case "file": {
      const name = origin.file.slice(origin.file.lastIndexOf("/") + 1);
      return `${origin.dropIn ? "config.d/" : ""}${name}:${origin.line}`;
    }
  }
}

/** A setting's value as it is written in a file. */
export function writtenValue({ value }: Setting): string {
  return settingText(value);
}
