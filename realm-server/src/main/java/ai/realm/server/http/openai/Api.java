package ai.realm.server.http.openai;

import java.util.List;

/** OpenAI's two ways to ask for text, with the names they have in answers. */
enum Api {
    COMPLETIONS(List.of("/v1/completions"), "text_completion", "text_completion", "cmpl-"),
    CHAT(List.of("/v1/chat/completions"), "chat.completion", "chat.completion.chunk", "chatcmpl-");

    final List<String> paths;
    final String object;
    final String chunkObject;
    final String idPrefix;

    Api(List<String> paths, String object, String chunkObject, String idPrefix) {
        this.paths = paths;
        this.object = object;
        this.chunkObject = chunkObject;
        this.idPrefix = idPrefix;
    }
}
