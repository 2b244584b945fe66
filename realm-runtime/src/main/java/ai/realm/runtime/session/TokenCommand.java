package ai.realm.runtime.session;

import ai.realm.core.sampling.SamplingParams;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.runtime.store.ModelLease;

/**
 * A sequence of tokens wanted, empty at first.
 *
 * @param model stays leased by the caller until the sequence and its forks are closed
 * @param params what is sampled by; a grammar or schema in them holds what is generated first. Stop strings do not count
 */
public record TokenCommand(RequestContext context, ModelLease model, SamplingParams params, Priority priority,
        TokenMeter meter) {}
