/** Who sends a request, as Keystone describes the token. */
export type Caller = {
  readonly userId: string;
  readonly userName: string;
  readonly roles: readonly string[];
  /** Whether the token is for the whole system instead of one project. */
  readonly system: boolean;
  readonly project?: Project;
};

/** The project that a token is for. */
export type Project = {
  readonly id: string;
  readonly name: string;
  readonly domainId: string;
};
