import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { type ChannelOptions, Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";

/** Headers of a call. */
export type Headers = Readonly<Record<string, string>>;

interface Method<I extends DescMessage, O extends DescMessage> {
  readonly name: string;
  readonly parent: { readonly typeName: string };
  readonly input: I;
  readonly output: O;
  readonly methodKind: DescMethod["methodKind"];
}

/** Calls any method with the gRPC library that most programs on Node use, from nothing but its descriptor. */
export class GrpcJsClient implements Disposable {
  readonly #client: Client;

  /** @param address host:port, or another target of the library; clear text unless there are credentials. */
  constructor(address: string, options: ChannelOptions = {}, shown = credentials.createInsecure()) {
    this.#client = new Client(address, shown, options);
  }

  unary<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>,
    request: MessageInitShape<I>,
    headers: Headers = {},
  ): Promise<MessageShape<O>> {
    const { path, serialize, deserialize } = definitionOf(method);
    return new Promise((resolve, reject) => {
      const message = create(method.input, request);
      this.#client.makeUnaryRequest(path, serialize, deserialize, message, metadataOf(headers), (error, answer) => {
        if (answer === undefined) reject(error);
        else resolve(answer);
      });
    });
  }

  /** Hands each message to `take`; rejects with how the call failed, if it did. */
  serverStream<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>,
    request: MessageInitShape<I>,
    take: (message: MessageShape<O>) => void,
  ): Promise<void> {
    const { path, serialize, deserialize } = definitionOf(method);
    const call = this.#client.makeServerStreamRequest(path, serialize, deserialize, create(method.input, request));
    return new Promise((resolve, reject) => {
      call.on("data", take).on("end", resolve).on("error", reject);
    });
  }

  /** Sends one message on a stream of both directions and ends it; gives the first answer. */
  firstOf<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>,
    request: MessageInitShape<I>,
  ): Promise<MessageShape<O>> {
    const { path, serialize, deserialize } = definitionOf(method);
    const call = this.#client.makeBidiStreamRequest(path, serialize, deserialize);
    call.end(create(method.input, request));
    return new Promise((resolve, reject) => {
      call.on("data", resolve).on("error", reject);
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

function definitionOf<I extends DescMessage, O extends DescMessage>({ name, parent, input, output }: Method<I, O>) {
  return {
    path: `/${parent.typeName}/${name}`,
    serialize: (message: MessageShape<I>) => Buffer.from(toBinary(input, message)),
    deserialize: (bytes: Buffer) => fromBinary(output, bytes),
  };
}

function metadataOf(headers: Headers): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return metadata;
}

/** Whether something is how a call of the library fails. */
export function isServiceError(value: unknown): value is ServiceError {
  return value instanceof Error && "metadata" in value && value.metadata instanceof Metadata;
}
