/** How well one document fits a query. */
export interface Score {
  /** Position of the document in the request. */
  readonly index: number;
  /** Relevance as the provider gives it, mostly from 0 to 1. */
  readonly score: number;
}

/** Scores of documents, best first. */
export type Scores = readonly Score[];
