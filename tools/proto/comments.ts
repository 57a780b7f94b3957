import type { DescEnum, DescField, DescMessage } from "@bufbuild/protobuf";

// Field numbers in google/protobuf/descriptor.proto, of which source paths are made.
const FILE_MESSAGES = 4;
const FILE_ENUMS = 5;
const MESSAGE_FIELDS = 2;
const MESSAGE_NESTED = 3;
const MESSAGE_ENUMS = 4;

/** The lines of the comment above a declaration in its .proto file; none when there is no comment. */
export function commentLines(desc: DescMessage | DescEnum | DescField): string[] {
  const file = desc.kind === "field" ? desc.parent.file : desc.file;
  const path = sourcePath(desc).join();
  const location = file.proto.sourceCodeInfo?.location.find((candidate) => candidate.path.join() === path);
  const lines = (location?.leadingComments ?? "").split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "");
}

function sourcePath(desc: DescMessage | DescEnum | DescField): number[] {
  if (desc.kind === "field") return [...sourcePath(desc.parent), MESSAGE_FIELDS, desc.parent.fields.indexOf(desc)];
  if (desc.parent) {
    const [list, at]: [readonly object[], number] =
      desc.kind === "message"
        ? [desc.parent.proto.nestedType, MESSAGE_NESTED]
        : [desc.parent.proto.enumType, MESSAGE_ENUMS];
    return [...sourcePath(desc.parent), at, list.indexOf(desc.proto)];
  }
  return desc.kind === "message"
    ? [FILE_MESSAGES, desc.file.messages.indexOf(desc)]
    : [FILE_ENUMS, desc.file.enums.indexOf(desc)];
}
