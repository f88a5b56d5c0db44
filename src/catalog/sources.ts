/** Where the models of one provider stand in the price table. */
export interface CatalogSource {
  /** Values of the table's litellm_provider. */
  readonly of: RegExp;
  /** Finds the name that the provider's own API takes, as its first group. What it does not match is left out. */
  readonly name: RegExp;
  /** Names, as the API takes them, that are left out all the same. */
  readonly except?: RegExp;
  /** The table says of completion models without a source only what it assumes of their size. */
  readonly sourced?: true;
}

/** The providers that have a table, by kind. */
export const sources: Readonly<Record<string, CatalogSource>> = {
  // Fine-tunes are the caller's own; search variants charge a fee that their usage does not tell.
  openai: { of: /^openai$/, name: /^([^/:]+)$/, except: /search/ },
  // "azure/eu/…" are prices of regions.
  "azure-openai": { of: /^azure$/, name: /^azure\/([^/]+)$/ },
  // "claude-4-…" are names of the table's own.
  anthropic: { of: /^anthropic$/, name: /^(claude-(?!4-).+)$/ },
  // Left out: models of the live and the music API, of speech only, and one that the table takes for an embedding model.
  gemini: {
    of: /^gemini$/,
    name: /^gemini\/(.+)$/,
    except: /live|native-audio|tts|^lyria|^gemini-gemma|^gemini-1\.5-flash$/,
  },
  vertex: { of: /^vertex_ai/, name: /^(?:vertex_ai\/)?(.+)$/, except: /tts|^medlm|^gemini-flash-experimental$/ },
  // "bedrock/us-east-1/…" are prices of regions; "us.…" are names of inference profiles.
  bedrock: {
    of: /^bedrock(_converse)?$/,
    name: /^((?:[a-z-]+\.)?[a-z0-9]+\.[^@/]+)$/,
    // Never was.
    except: /claude-3-7-sonnet-20240620/,
  },
  // "deepseek/…" repeats these, and has open weights that DeepSeek's API does not serve.
  deepseek: { of: /^deepseek$/, name: /^(deepseek-.+)$/ },
  mistral: { of: /^mistral$/, name: /^mistral\/(.+)$/ },
  // Embedding models of the second generation are retired, and the table does not have their sizes.
  cohere: { of: /^cohere(_chat)?$/, name: /^(?:cohere\/)?([^/]+)$/, except: /^embed-.*v2\.0$/ },
  groq: { of: /^groq$/, name: /^groq\/(.+)$/ },
  xai: { of: /^xai$/, name: /^xai\/(.+)$/ },
  openrouter: { of: /^openrouter$/, name: /^openrouter\/(.+)$/ },
  // "baai/…" repeats "BAAI/…".
  together: { of: /^together_ai$/, name: /^together_ai\/(?!baai\/)(.+)$/ },
  // Names without a path are the table's own.
  fireworks: { of: /^fireworks_ai/, name: /^fireworks_ai\/(.+\/[^/]+)$/, sourced: true },
  voyage: { of: /^voyage$/, name: /^voyage\/(.+)$/ },
};

/** What the table has wrong and its other entries or the provider's documentation have right, by its name there. */
export const corrections: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  // A million tokens, where the entries of its inference profiles say 200,000.
  "anthropic.claude-3-5-sonnet-20240620-v1:0": { max_input_tokens: 200_000 },
  "anthropic.claude-3-5-sonnet-20241022-v2:0": { max_input_tokens: 200_000 },
  // The length of the vectors stands where the length of the input belongs; for the light ones not even that.
  "embed-english-v3.0": { max_input_tokens: 512, output_vector_size: 1024 },
  "embed-english-light-v3.0": { max_input_tokens: 512, output_vector_size: 384 },
  "embed-multilingual-v3.0": { max_input_tokens: 512, output_vector_size: 1024 },
  "embed-multilingual-light-v3.0": { max_input_tokens: 512, output_vector_size: 384 },
};
