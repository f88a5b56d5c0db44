import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import { createValidator, type Violation } from "@bufbuild/protovalidate";
import {
  type CompleteRequest,
  CompleteRequestSchema,
  type StreamCompleteRequest,
  StreamCompleteRequestSchema,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { GatewayError } from "../model/error.ts";
import { type FieldViolation, invalidRequest } from "./bad-request.ts";
import { isPlainRequest, isPlainStreamRequest } from "./plain-request.ts";
import { RuleGlance } from "./rule-glance.ts";

/** Checks requests against the rules in their proto files. */
export interface RequestValidator {
  /**
   * Throws INVALID_REQUEST with everything that is wrong. What is not seen to be right at a glance goes to protovalidate,
   * which compiles its rules for the first of each kind of message: 200 ms, once.
   */
  check<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): void;
  /** The same for a completion; a plain one is seen without looking at the rules. */
  checkCompletion(request: CompleteRequest): void;
  /** The same for a stream. */
  checkStream(request: StreamCompleteRequest): void;
}

/** A validator with its own cache of compiled rules: one per process is enough. */
export function createRequestValidator(): RequestValidator {
  const validator = createValidator({ regexMatch: platformMatcher() });
  const glance = new RuleGlance();

  function check<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): void {
    if (glance.follows(schema, message)) return;
    const { kind, violations, error } = validator.validate(schema, message);
    if (kind === "valid") return;
    if (kind === "invalid") throw invalidRequest(violations.map(fieldViolationOf));
    throw GatewayError.of(error);
  }
  return {
    check,
    checkCompletion(request) {
      if (!isPlainRequest(request)) check(CompleteRequestSchema, request);
    },
    checkStream(request) {
      if (!isPlainStreamRequest(request)) check(StreamCompleteRequestSchema, request);
    },
  };
}

function fieldViolationOf({ field, ruleId, message }: Violation): FieldViolation {
  return { field: pathToString(field), reason: ruleId, description: message };
}

/**
 * The platform's regular expressions, 1.2 µs per request faster than RE2 in JavaScript. Safe because the patterns stand
 * in our own proto files, never in input, and none of them can backtrack; their number bounds the map.
 */
function platformMatcher(): (pattern: string, against: string) => boolean {
  const compiled = new Map<string, RegExp>();
  return (pattern, against) => {
    let expression = compiled.get(pattern);
    if (expression === undefined) {
      expression = new RegExp(pattern, "u");
      compiled.set(pattern, expression);
    }
    return expression.test(against);
  };
}
