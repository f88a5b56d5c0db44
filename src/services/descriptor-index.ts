import { type DescExtension, type DescFile, type DescMessage, toBinary } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

/** Files and all they import, to be found by what they declare. Immutable. */
export class DescriptorIndex {
  readonly #files = new Map<string, DescFile>();
  readonly #symbols = new Map<string, DescFile>();
  readonly #messages = new Set<string>();
  readonly #extensions = new Map<string, Map<number, DescFile>>();
  readonly #bytes = new Map<DescFile, Uint8Array>();

  constructor(files: readonly DescFile[]) {
    for (const file of files) this.#add(file);
  }

  /** The file of the name by which sources import it: "llmhub/v1/usage.proto". */
  file(name: string): DescFile | undefined {
    return this.#files.get(name);
  }

  /** The file that declares a message, field, oneof, enum, enum value, extension, service or method by its full name. */
  fileOfSymbol(name: string): DescFile | undefined {
    return this.#symbols.get(name);
  }

  fileOfExtension(messageName: string, number: number): DescFile | undefined {
    return this.#extensions.get(messageName)?.get(number);
  }

  /** Numbers in ascending order; undefined when there is no such message. */
  extensionNumbers(messageName: string): readonly number[] | undefined {
    const numbers = this.#extensions.get(messageName)?.keys() ?? [];
    return this.#messages.has(messageName) ? [...numbers].sort((a, b) => a - b) : undefined;
  }

  /** A FileDescriptorProto in binary; made once per file. */
  bytesOf(file: DescFile): Uint8Array {
    let bytes = this.#bytes.get(file);
    if (bytes === undefined) {
      bytes = toBinary(FileDescriptorProtoSchema, file.proto);
      this.#bytes.set(file, bytes);
    }
    return bytes;
  }

  #add(file: DescFile): void {
    if (this.#files.has(file.proto.name)) return;
    this.#files.set(file.proto.name, file);
    for (const dependency of file.dependencies) this.#add(dependency);
    for (const type of nestedTypes(file)) {
      this.#symbols.set(type.typeName, file);
      for (const name of memberNames(type)) this.#symbols.set(name, file);
      if (type.kind === "message") this.#messages.add(type.typeName);
      if (type.kind === "extension") this.#addExtension(type);
    }
  }

  #addExtension({ extendee, number, file }: DescExtension): void {
    const numbers = this.#extensions.get(extendee.typeName) ?? new Map<number, DescFile>();
    this.#extensions.set(extendee.typeName, numbers.set(number, file));
  }
}

type NestedType = ReturnType<typeof nestedTypes> extends Iterable<infer Type> ? Type : never;

function memberNames(type: NestedType): string[] {
  switch (type.kind) {
    case "message":
      return messageMembers(type).map((name) => `${type.typeName}.${name}`);
    case "service":
      return type.methods.map((method) => `${type.typeName}.${method.name}`);
    case "enum": {
      // Values of an enum are siblings of the enum, as in C++.
      const scope = type.typeName.slice(0, type.typeName.lastIndexOf(".") + 1);
      return type.values.map((value) => `${scope}${value.name}`);
    }
    case "extension":
      return [];
  }
}

function messageMembers({ fields, oneofs }: DescMessage): string[] {
  return [...fields, ...oneofs].map(({ name }) => name);
}
