package ai.realm.server.http.inference;

import ai.realm.runtime.guest.GuestOutside;
import ai.realm.runtime.session.EmbedCommand;
import ai.realm.runtime.session.GenerateCommand.TextPrompt;
import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.store.ModelLease;
import ai.realm.server.outbound.OutboundHttp;
import ai.realm.server.tenant.MeteredSessions;
import java.util.List;

/** What the guest of a request may ask of encoders, metered as its generations are, and of other machines. */
record RequestOutside(GrantedModels models, MeteredSessions sessions, RequestContext context,
        OutboundHttp outbound) implements GuestOutside {

    @Override
    public float[] embed(int model, String text) throws InterruptedException {
        try (ModelLease lease = models.lease(model)) {
            return sessions.embedMore(new EmbedCommand(context, lease, List.of(new TextPrompt(text, false))))[0];
        }
    }

    @Override
    public HttpReply http(HttpAsk ask) throws InterruptedException {
        return outbound.send(models.tenant(), ask);
    }
}
