/** Vectors in the order of the texts they stand for; all of one length. */
export type Vectors = readonly Float32Array[];
