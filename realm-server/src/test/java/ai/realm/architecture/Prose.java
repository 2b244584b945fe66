package ai.realm.architecture;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The sentences of a page in Markdown, without what is no prose: headings, tables, code and comments. A link counts as its text, a URL
 * and a piece of code as one word each.
 */
final class Prose {
    /** The most words of a sentence. */
    static final int LONGEST = 40;
    /** The most words of a page's sentences on average. */
    static final int AVERAGE = 25;

    private static final Pattern UNWANTED = Pattern.compile("\\bin\\s+place\\s+of\\b", Pattern.CASE_INSENSITIVE);
    private static final Pattern JAVADOC = Pattern.compile("(?s)/\\*\\*(.*?)\\*/");
    private static final Pattern APART = Pattern.compile("^(?:<p>|<li>|@\\w+ )");
    private static final Pattern TABLE = Pattern.compile("(?s)<(table|pre)>.*?</\\1>");
    private static final Pattern INLINE = Pattern.compile("(?s)\\{@\\w+[^}]*}");
    private static final Pattern FENCE = Pattern.compile("\\s*(```+|~~~+).*");
    private static final Pattern ITEM = Pattern.compile("\\s*([-*+]|\\d+[.)])\\s+(.*)");
    private static final Pattern CODE = Pattern.compile("(?s)(`+)(?:(?!\\1).)+\\1");
    private static final Pattern LINK = Pattern.compile("!?\\[([^]]*)]\\([^)]*\\)");
    private static final Pattern URL = Pattern.compile("<?https?://[^\\s)>]+>?");
    private static final Pattern END = Pattern.compile("[.!?][)\\]\"'”*_]*(?=\\s+[\\[(\"'“*_]*[\\p{Lu}\\p{N}])");
    private static final Pattern ABBREVIATED = Pattern.compile("(?s)(?:|.*[\\s(])(?:e\\.g|i\\.e|cf|vs|approx|No|Nos)\\.");
    private static final Pattern WORD = Pattern.compile(".*[\\p{L}\\p{N}].*");

    /** One sentence, with the line that it begins on, counted from 1. */
    record Sentence(int line, String text, int words) {}

    /** Lines that belong together, the first with its number; a table or a heading is a block that is not prose. */
    private record Block(int line, StringBuilder text, boolean prose) {
        int lineAt(int offset) {
            return line + (int) text.chars().limit(offset).filter(c -> c == '\n').count();
        }
    }

    private Prose() {
    }

    /** The sentences of a page, in order. */
    static List<Sentence> sentences(String page) {
        List<Sentence> found = new ArrayList<>();
        blocks(page).stream().filter(Block::prose).forEach(block -> split(block, found));
        return found;
    }

    /** What is wrong with a page, a line of text for each: {@code name:line: rule: sentence}. */
    static List<String> mistakes(String name, String page) {
        List<String> mistakes = mistakesOfSentences(name, page);
        double average = sentences(page).stream().mapToInt(Sentence::words).average().orElse(0);
        if (average > AVERAGE) {
            mistakes.add("%s:1: %.1f words a sentence, at most %d on average".formatted(name, average, AVERAGE));
        }
        return mistakes;
    }

    /** The same without the average: of a text that is too short for one. */
    static List<String> mistakesOfSentences(String name, String page) {
        List<String> mistakes = new ArrayList<>();
        for (Sentence s : sentences(page)) {
            if (s.words > LONGEST) {
                mistakes.add("%s:%d: %d words, at most %d: %s".formatted(name, s.line, s.words, LONGEST, s.text));
            }
        }
        for (Block block : blocks(page)) {
            Matcher m = UNWANTED.matcher(block.text);
            while (m.find()) {
                String around = block.text.substring(Math.max(0, m.start() - 60), Math.min(block.text.length(), m.end() + 60));
                mistakes.add("%s:%d: say \"instead of\": %s".formatted(name, block.lineAt(m.start()), around));
            }
        }
        return mistakes;
    }

    /** The Javadoc of a Java source as a page with the same lines: tags begin items, and what is no Javadoc is blank. */
    static String ofJavadoc(String source) {
        StringBuilder page = new StringBuilder();
        Matcher m = JAVADOC.matcher(source);
        int at = 0;
        while (m.find()) {
            page.append(source.substring(at, m.start()).replaceAll("[^\n]", ""));
            for (String line : m.group(1).split("\n", -1)) {
                String text = line.replaceFirst("^\\s*\\*\\s?", "").strip();
                page.append(APART.matcher(text).replaceFirst("- ")).append('\n');
            }
            page.setLength(page.length() - 1);
            at = m.end();
        }
        String text = TABLE.matcher(page).replaceAll(table -> table.group().replaceAll("[^\n]", ""));
        text = INLINE.matcher(text).replaceAll(tag -> "CODE" + tag.group().replaceAll("[^\n]", ""));
        return text.replaceAll("</?\\w+>", "");
    }

    /** Paragraphs, items of lists, headings and rows of tables, without code and comments. */
    private static List<Block> blocks(String page) {
        List<Block> blocks = new ArrayList<>();
        boolean open = false;
        boolean inList = false;
        boolean comment = false;
        String fence = null;
        String[] lines = page.split("\n", -1);
        for (int i = 0; i < lines.length; i++) {
            String line = lines[i].stripTrailing();
            String text = line.strip();
            Matcher f = FENCE.matcher(line);
            Matcher item = ITEM.matcher(line);
            boolean continues = false;
            if (fence != null) {
                fence = text.startsWith(fence) ? null : fence;
            } else if (comment || text.startsWith("<!--")) {
                comment = !text.contains("-->");
            } else if (f.matches()) {
                fence = f.group(1);
            } else if (text.startsWith("|") || text.startsWith("#")) {
                blocks.add(new Block(i + 1, new StringBuilder(text), false));
            } else if (item.matches()) {
                blocks.add(new Block(i + 1, new StringBuilder(item.group(2)), true));
                continues = true;
                inList = true;
            } else if (open) {
                continues = !text.isEmpty();
                if (continues) {
                    blocks.getLast().text.append('\n').append(text);
                }
            } else if (!text.isEmpty() && (inList && line.startsWith("  ") || !line.startsWith("    "))) {
                blocks.add(new Block(i + 1, new StringBuilder(text.replaceFirst("^>\\s*", "")), true));
                continues = true;
                inList = inList && line.startsWith(" ");
            }
            open = continues;
        }
        blocks.replaceAll(b -> new Block(b.line, new StringBuilder(plain(b.text.toString())), b.prose));
        return blocks;
    }

    /** Every piece of code and every URL becomes one word, a link its text; ends of lines stay, so that lines can be counted. */
    private static String plain(String text) {
        String withoutCode = CODE.matcher(text).replaceAll(m -> "CODE" + m.group().replaceAll("[^\n]", ""));
        return URL.matcher(LINK.matcher(withoutCode).replaceAll("$1")).replaceAll("URL");
    }

    private static void split(Block block, List<Sentence> found) {
        Matcher end = END.matcher(block.text);
        int from = 0;
        while (end.find()) {
            if (!ABBREVIATED.matcher(block.text.substring(from, end.start() + 1)).matches()) {
                add(block, from, end.end(), found);
                from = end.end();
            }
        }
        add(block, from, block.text.length(), found);
    }

    private static void add(Block block, int from, int to, List<Sentence> found) {
        String text = block.text.substring(from, to);
        int lead = text.length() - text.stripLeading().length();
        List<String> words = List.of(text.strip().split("\\s+"));
        int count = (int) words.stream().filter(w -> WORD.matcher(w).matches()).count();
        if (count > 0) {
            found.add(new Sentence(block.lineAt(from + lead), String.join(" ", words), count));
        }
    }
}
